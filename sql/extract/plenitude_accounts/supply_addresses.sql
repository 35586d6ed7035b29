-- Properties that the account has today.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    occupancy.moved_in AS customer_at_supply_address_from_date,
    address.locality,
    address.postcode AS postal_code,
    address.country,
    address.street_type,
    address.street_name,
    address.house_number AS street_number,
    address.floor,
    address.door,
    address.direction
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
JOIN legacy.premise ON premise.premise_id = occupancy.premise_id
JOIN legacy.address ON address.address_id = premise.address_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id
