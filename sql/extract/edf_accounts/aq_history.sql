-- Annual quantities of gas, the latest first. They belong to the meter point, whoever is supplied there.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS meter_point_key,
    consumption.consumption_id AS consumption_key,
    consumption.valid_from AS effective_from,
    consumption.valid_to AS effective_to,
    CAST(consumption.kwh AS text) AS consumption
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
JOIN legacy.consumption
    ON consumption.supply_point_id = supply.supply_point_id AND consumption.kind = 'AQ'
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, consumption.valid_from DESC
