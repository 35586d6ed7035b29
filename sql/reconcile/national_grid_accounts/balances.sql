-- What the legacy system says is owed, with Kraken's sign: credits positive. The balance that is booked, not
-- the printed one that payloads are made of: where the two differ, a person must look.

SELECT
    account.account_number AS external_identifier,
    CASE ledger.kind WHEN 'ENGY' THEN 'ENERGY' ELSE trim(ledger.kind) END AS ledger,
    'USD' AS currency,
    -ledger.balance AS amount
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
