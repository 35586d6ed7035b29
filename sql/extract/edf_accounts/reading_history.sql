-- The readings of the account's supply before that, the latest first; what others used is theirs.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS meter_point_key,
    meter.meter_id AS meter_key,
    reading.reading_id AS reading_key,
    reading.register_code AS register_id,
    reading.read_on AS reading_date,
    CAST(reading.value_whole AS text) AS reading_value,
    reading.value_decimals AS reading_decimals,
    reading.kind AS reading_type,
    reading.billed
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.meter
    ON meter.supply_point_id = supply.supply_point_id
    AND meter.installed_on <= supply.ends_on
    AND meter.removed_on >= supply.starts_on
JOIN legacy.reading
    ON reading.meter_id = meter.meter_id
    AND reading.closing <> 'X'
    -- The first reading of a meter that replaced another since the last bill is its transfer reading.
    AND (
        reading.read_on <> meter.installed_on
        OR meter.installed_on
            <= coalesce(supply.billed_to, nullif(account.last_billed_to, '00000000'), '99991231')
    )
    -- A reading of no real day stays, and is reported.
    AND (reading.read_on BETWEEN supply.starts_on AND supply.ends_on OR reading.read_on !~ '^[1-9][0-9]{7}$')
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, meter.meter_id, reading.read_on DESC, reading.reading_id
