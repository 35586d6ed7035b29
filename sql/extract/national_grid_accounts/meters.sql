-- Meters in place today, with their time in UTC.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS supply_point_key,
    meter.meter_id AS meter_key,
    to_char(detail.active_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS active_from,
    meter.serial_number,
    detail.status,
    detail.service AS service_type,
    detail.volts AS voltage,
    detail.amperes AS size,
    detail.phases AS phase,
    detail.retrieval AS retrieval_method,
    detail.model,
    detail.manufacturer,
    detail.smart_kind AS advance_meter_info,
    detail.net_metered AS is_net_metered
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
JOIN legacy.meter ON meter.supply_point_id = supply.supply_point_id AND meter.removed_on = '99991231'
LEFT JOIN legacy.meter_detail AS detail ON detail.meter_id = meter.meter_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, meter.meter_id
