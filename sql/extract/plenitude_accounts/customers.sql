-- Who holds the account today, with the newest contact of each kind that holds today.

SELECT
    account.account_number AS external_identifier,
    party.party_id AS customer_key,
    party.first_name AS given_name,
    party.last_name AS family_name,
    contact.email,
    contact.mobile,
    contact.landline
FROM legacy.account
JOIN legacy.account_role
    ON account_role.account_id = account.account_id
    AND account_role.role = 'HLD'
    AND account_role.valid_to = '99991231'
JOIN legacy.party ON party.party_id = account_role.party_id
LEFT JOIN LATERAL (
    SELECT
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'EML'))[1] AS email,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'MOB'))[1] AS mobile,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'TEL'))[1] AS landline
    FROM legacy.party_contact
    WHERE party_contact.party_id = party.party_id AND party_contact.valid_to = '99991231'
) AS contact ON true
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, account_role.position
