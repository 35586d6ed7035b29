-- Mandates that are in force.

SELECT
    account.account_number AS external_identifier,
    mandate.mandate_id AS instruction_key,
    mandate.kind AS type,
    mandate.vendor,
    mandate.reference,
    mandate.customer_reference,
    mandate.valid_from,
    mandate.in_use AS use_for_scheduled_payments,
    mandate.ledger_kind AS ledger_code
FROM legacy.account
JOIN legacy.mandate ON mandate.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[])) AND mandate.ended_on = '99991231'
ORDER BY account.account_number, mandate.mandate_id
