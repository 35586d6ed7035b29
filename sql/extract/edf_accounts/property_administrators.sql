-- Administrators of these properties. One who no longer exists is recognised by having no key.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    party.party_id AS administrator_key,
    party.title,
    party.first_name AS given_name,
    party.last_name AS family_name,
    contact.email,
    contact.mobile,
    contact.landline,
    party.salutation,
    party.birth_date AS date_of_birth,
    party.died AS deceased
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
JOIN legacy.premise_administrator AS administrator ON administrator.premise_id = occupancy.premise_id
LEFT JOIN legacy.party ON party.party_id = administrator.party_id
LEFT JOIN LATERAL (
    SELECT
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'EML'))[1] AS email,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'MOB'))[1] AS mobile,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'TEL'))[1] AS landline
    FROM legacy.party_contact
    WHERE party_contact.party_id = party.party_id AND party_contact.valid_to = '99991231'
) AS contact ON true
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, administrator.party_id
