-- Bills that were sent, the oldest first.

SELECT
    account.account_number AS external_identifier,
    ledger.ledger_id AS ledger_key,
    document.billing_document_id AS billing_document_key,
    document.number AS billing_document_identifier,
    document.kind AS billing_document_type,
    document.issued_on AS issued_date
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id
JOIN legacy.billing_document AS document ON document.ledger_id = ledger.ledger_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, ledger.ledger_id, document.issued_on, document.billing_document_id
