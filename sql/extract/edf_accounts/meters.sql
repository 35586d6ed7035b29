-- Meters that were in place at any time of the account's supply, with the balance of its own prepayment. The number
-- of digits, and the day to which it is billed, are a gas meter's; those of electricity stand with the registers.
-- That day is the account's, unless this meter was removed since, and one that replaced it has none.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    point.supply_point_id AS meter_point_key,
    meter.meter_id AS meter_key,
    meter.serial_number AS meter_serial_number,
    meter.installed_on,
    meter.removed_on,
    CASE WHEN point.fuel = 'G' THEN meter.digits END AS gas_number_of_digits,
    CASE
        WHEN point.fuel <> 'G' THEN NULL
        WHEN meter.removed_on = '99991231' AND meter.installed_on <= billed.day THEN supply.billed_to
        WHEN meter.removed_on BETWEEN billed.day AND '99991230' THEN billed.day
    END AS gas_billed_to_date,
    meter.generation AS meter_generation,
    meter.prepay AS is_prepay,
    CAST(prepay.debt AS text) AS debt_balance,
    CAST(prepay.credit AS text) AS credit_balance,
    prepay.customer_reference AS prepay_customer_reference_number,
    prepay.vend_read_on AS transfer_vend_read_date,
    CAST(prepay.weekly_min AS text) AS weekly_min,
    CAST(prepay.weekly_max AS text) AS weekly_max
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.supply_point AS point ON point.supply_point_id = supply.supply_point_id
JOIN legacy.meter
    ON meter.supply_point_id = point.supply_point_id
    AND meter.installed_on <= supply.ends_on
    AND meter.removed_on >= supply.starts_on
CROSS JOIN LATERAL (SELECT coalesce(supply.billed_to, account.last_billed_to) AS day) AS billed
LEFT JOIN legacy.prepay_balance AS prepay
    ON prepay.meter_id = meter.meter_id
    AND prepay.account_id = account.account_id
    -- What stood on a meter that is billed to its end was booked with its last bill.
    AND meter.removed_on >= billed.day
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, point.supply_point_id, meter.meter_id
