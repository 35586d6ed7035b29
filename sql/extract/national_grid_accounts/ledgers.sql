-- Ledgers with the balance that the customer was told, which is what the customer owes.

SELECT
    account.account_number AS external_identifier,
    ledger.ledger_id AS ledger_key,
    ledger.kind AS ledger_code,
    ledger.document_kind AS billing_document_type,
    ledger.printed_balance AS ledger_balance,
    ledger.statement_closed_on AS last_statement_closing_date,
    ledger.statement_issued_on AS last_statement_issue_date
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, ledger.ledger_id
