-- Supply points of these properties at which the account is or was supplied, with the line that feeds them.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    point.supply_point_id AS supply_point_key,
    point.fuel AS supply_type,
    point.identifier,
    point.operating_company,
    supply.starts_on AS supply_start_date,
    supply.billed_to AS last_billed_to_date,
    point.load_zone AS standard_point_location_code,
    point.load_profile AS load_profile_code,
    service_drop.number AS service_drop,
    service_drop.line_style AS distribution_line_style,
    service_drop.voltage AS delivery_voltage,
    service_drop.metering AS metering_type
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
JOIN legacy.supply_point AS point ON point.supply_point_id = supply.supply_point_id
LEFT JOIN legacy.service_drop ON service_drop.supply_point_id = point.supply_point_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, point.supply_point_id
