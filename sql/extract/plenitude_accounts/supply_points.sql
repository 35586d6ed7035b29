-- CPEs and CUIs of these properties at which the account is supplied. Kraken has no field for the end of a supply,
-- so one that has ended stays behind, and so do its contracts.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    point.supply_point_id AS supply_point_key,
    point.identifier,
    point.fuel
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id
    AND (
        supply.ends_on >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
        OR supply.ends_on = '00000000'
    )
JOIN legacy.supply_point AS point ON point.supply_point_id = supply.supply_point_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, point.supply_point_id
