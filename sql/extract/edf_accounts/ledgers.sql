-- Ledgers but the account itself (ACCT), whose statement is with the account; balances are what the customer owes.

SELECT
    account.account_number AS external_identifier,
    ledger.ledger_id AS ledger_key,
    ledger.kind AS ledger_code,
    ledger.statement_closed_on AS last_statement_closing_date,
    ledger.statement_issued_on AS last_statement_issue_date,
    CAST(ledger.statement_balance AS text) AS last_statement_balance,
    CAST(ledger.balance AS text) AS ledger_balance
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id AND ledger.kind IS DISTINCT FROM 'ACCT'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, ledger.ledger_id
