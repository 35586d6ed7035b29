-- Bookings of the account itself (ACCT) up to the last statement, the latest first.

SELECT
    account.account_number AS external_identifier,
    entry.transaction_id AS transaction_key,
    entry.document_number AS transaction_id,
    entry.posted_on AS transaction_date,
    CAST(entry.amount AS text) AS amount,
    entry.kind AS type,
    entry.reason,
    entry.payment_type,
    entry.prepay_serial AS to_prepay_meter_serial_number
FROM legacy.account
JOIN legacy.ledger ON ledger.account_id = account.account_id AND ledger.kind = 'ACCT'
JOIN legacy.ledger_transaction AS entry
    ON entry.ledger_id = ledger.ledger_id AND entry.billed = 'X'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, entry.posted_on DESC, entry.transaction_id
