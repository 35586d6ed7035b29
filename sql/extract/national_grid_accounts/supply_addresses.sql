-- Properties that the account has today, or had last when it is closed.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    occupancy.moved_in AS customer_at_supply_address_from_date,
    address.line1 AS street_address,
    address.locality,
    address.state AS administrative_area,
    address.postcode AS postal_code,
    address.country,
    detail.site_number,
    detail.directions AS driving_instructions,
    detail.property_kind AS property_type,
    detail.building_kind AS premise_type,
    detail.entry AS entry_instructions
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.premise ON premise.premise_id = occupancy.premise_id
JOIN legacy.address ON address.address_id = premise.address_id
LEFT JOIN legacy.premise_detail AS detail ON detail.premise_id = premise.premise_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id
