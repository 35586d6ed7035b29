-- What the legacy system says is owed, with Kraken's sign: credits positive. The other side of every sum.

SELECT
    account.account_number AS external_identifier,
    'transfer_balance' AS ledger,
    'GBP' AS currency,
    -account.balance AS amount
FROM legacy.account
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
UNION ALL
SELECT
    account.account_number AS external_identifier,
    'ledgers' AS ledger,
    'GBP' AS currency,
    -ledger.balance AS amount
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id AND ledger.kind IS DISTINCT FROM 'ACCT'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
