-- Registers of the electricity meters. The day to which one is billed is the account's, unless its meter was removed
-- since, and that of a meter that replaced it has none.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS meter_point_key,
    meter.meter_id AS meter_key,
    register.register_id AS register_key,
    register.code AS register_id,
    register.tpr,
    register.digits AS number_of_digits,
    register.settlement AS is_settlement,
    CASE
        WHEN register.settlement = 'N' THEN NULL
        WHEN meter.removed_on = '99991231' AND meter.installed_on <= billed.day THEN supply.billed_to
        WHEN meter.removed_on BETWEEN billed.day AND '99991230' THEN billed.day
    END AS last_billed_to_date
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.meter
    ON meter.supply_point_id = supply.supply_point_id
    AND meter.installed_on <= supply.ends_on
    AND meter.removed_on >= supply.starts_on
CROSS JOIN LATERAL (SELECT coalesce(supply.billed_to, account.last_billed_to) AS day) AS billed
JOIN legacy.register ON register.meter_id = meter.meter_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, meter.meter_id, register.register_id
