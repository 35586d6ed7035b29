-- Who has a role in the accounts today, with the newest contact of each kind that holds today, and where the
-- account's post is sent, if it is known.

SELECT
    point.identifier AS external_identifier,
    account.account_id AS account_key,
    party.party_id AS customer_key,
    party.title,
    party.first_name AS given_name,
    party.last_name AS family_name,
    contact.email,
    contact.mobile,
    contact.landline,
    party.salutation,
    held.account_roles,
    address.state AS administrative_area,
    address.country,
    address.locality,
    address.postcode AS postal_code,
    address.delivery_point AS delivery_point_identifier,
    address.sublocality AS dependent_locality,
    address.sorting_code,
    address.line1 AS street_address,
    address.house_number AS house_number_1,
    address.unit_number AS flat_or_unit_number,
    address.unit_type AS flat_or_unit_type,
    address.street_name,
    address.street_type,
    address.delivery_number AS postal_delivery_number_value,
    address.delivery_type AS postal_delivery_type,
    address.building_name AS building_or_property_name
FROM legacy.supply_point AS point
JOIN legacy.occupancy
    ON occupancy.premise_id = point.premise_id
    AND occupancy.moved_out = '99991231'
    AND occupancy.moved_in <= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id
    AND supply.supply_point_id = point.supply_point_id
    AND (
        supply.ends_on >= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
        OR supply.ends_on = '00000000'
    )
JOIN legacy.account ON account.account_id = occupancy.account_id
LEFT JOIN legacy.address ON address.address_id = account.billing_address_id
JOIN LATERAL (
    SELECT party_id, string_agg(CAST(role AS text), ',' ORDER BY role) AS account_roles, min(position) AS position
    FROM legacy.account_role
    WHERE account_role.account_id = account.account_id AND account_role.valid_to = '99991231'
    GROUP BY party_id
) AS held ON true
JOIN legacy.party ON party.party_id = held.party_id
LEFT JOIN LATERAL (
    SELECT
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'EML'))[1] AS email,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'MOB'))[1] AS mobile,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'TEL'))[1] AS landline
    FROM legacy.party_contact
    WHERE party_contact.party_id = party.party_id AND party_contact.valid_to = '99991231'
) AS contact ON true
WHERE point.market = 'AU' AND point.identifier = ANY (CAST(:identifiers AS text[]))
ORDER BY point.identifier, account.account_id, held.position, party.party_id
