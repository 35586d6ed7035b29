-- Further numbers of these people, the oldest first.

SELECT
    account.account_number AS external_identifier,
    account_role.party_id AS customer_key,
    contact.contact_id AS phone_key,
    contact.value AS phone_number
FROM legacy.account
JOIN legacy.account_role
    ON account_role.account_id = account.account_id
    AND account_role.role = 'HLD'
    AND account_role.valid_to = '99991231'
JOIN legacy.party_contact AS contact
    ON contact.party_id = account_role.party_id
    AND contact.kind = 'ALT'
    AND contact.valid_to = '99991231'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, account_role.position, contact.valid_from, contact.contact_id
