-- What other systems call the account.

SELECT
    account.account_number AS external_identifier,
    reference.reference_id AS reference_key,
    reference.namespace,
    reference.value
FROM legacy.account
JOIN legacy.external_reference AS reference ON reference.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, reference.reference_id
