-- Registers of these meters.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS supply_point_key,
    meter.meter_id AS meter_key,
    register.register_id AS register_key,
    register.kind AS register_type,
    register.digits,
    CAST(register.multiplier AS text) AS multiplier
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
JOIN legacy.meter ON meter.supply_point_id = supply.supply_point_id AND meter.removed_on = '99991231'
JOIN legacy.register ON register.meter_id = meter.meter_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, meter.meter_id, register.register_id
