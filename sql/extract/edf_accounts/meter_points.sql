-- MPANs and MPRNs of these properties at which the account is supplied, or was until its last bill or later, with
-- what its customer said to a smart meter.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    point.supply_point_id AS meter_point_key,
    point.identifier,
    point.fuel,
    point.supplier_mpid AS mpid,
    point.shipper_mpid,
    supply.starts_on AS supply_start_date,
    supply.ends_on AS supply_end_date,
    point.measurement_class,
    point.export_kind,
    point.deenergised AS is_deenergised,
    point.profile_class,
    point.ssc,
    point.transfer_flag AS et_in_progress,
    point.dispute_flag AS dr_in_progress,
    interest.interest AS smart_interest,
    interest.stated_on AS smart_interest_date,
    interest.reason AS smart_refusal_reason,
    interest.source AS smart_interest_source
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.supply_point AS point ON point.supply_point_id = supply.supply_point_id
LEFT JOIN legacy.smart_interest AS interest
    ON interest.supply_point_id = point.supply_point_id AND interest.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, point.supply_point_id
