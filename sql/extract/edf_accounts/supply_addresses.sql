-- Properties that the account has today, and those at which it was supplied until its last bill or later. What ended
-- before that is settled, and stays behind.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    address.line1 AS supply_address1,
    address.line2 AS supply_address2,
    address.line3 AS supply_address3,
    address.line4 AS supply_address4,
    address.line5 AS supply_address5,
    address.postcode AS supply_postcode,
    occupancy.landlord AS is_landlord,
    occupancy.moved_in AS customer_at_supply_address_from_date,
    occupancy.moved_out AS customer_at_supply_address_to_date
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
-- Joined, and not asked for by EXISTS, which makes Postgres read every occupancy there is.
LEFT JOIN LATERAL (
    SELECT true AS is_open
    FROM legacy.supply
    WHERE supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
    LIMIT 1
) AS last ON occupancy.moved_out IS DISTINCT FROM '99991231'
JOIN legacy.premise ON premise.premise_id = occupancy.premise_id
JOIN legacy.address ON address.address_id = premise.address_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
    AND (occupancy.moved_out = '99991231' OR last.is_open)
ORDER BY account.account_number, occupancy.premise_id
