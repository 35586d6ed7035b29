-- What was booked on these bills.

SELECT
    account.account_number AS external_identifier,
    ledger.ledger_id AS ledger_key,
    entry.billing_document_id AS billing_document_key,
    entry.transaction_id AS transaction_key,
    entry.document_number AS transaction_id,
    entry.posted_on AS transaction_date,
    CAST(entry.amount AS text) AS amount,
    entry.kind AS type,
    entry.reason
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id
JOIN legacy.ledger_transaction AS entry
    ON entry.ledger_id = ledger.ledger_id AND entry.billed = 'X' AND entry.billing_document_id IS NOT NULL
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, ledger.ledger_id, entry.posted_on, entry.transaction_id
