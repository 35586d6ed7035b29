-- Estimated annual consumption of electricity, the latest first. It belongs to the meter point and not
-- to its customer; what begins after the account's supply does not concern it.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS meter_point_key,
    consumption.consumption_id AS consumption_key,
    consumption.valid_from AS effective_from,
    consumption.tpr,
    CAST(consumption.kwh AS text) AS consumption,
    consumption.source
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.consumption
    ON consumption.supply_point_id = supply.supply_point_id AND consumption.kind = 'EAC'
    AND consumption.valid_from <= supply.ends_on
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, consumption.valid_from DESC, consumption.tpr
