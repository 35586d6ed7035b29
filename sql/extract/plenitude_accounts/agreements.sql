-- The account's own contracts at these supply points, the oldest first; others have had theirs there.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS supply_point_key,
    contract.contract_id AS agreement_key,
    contract.tariff_code,
    contract.starts_on AS effective_from,
    contract.ends_on AS effective_to
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id
    AND (
        supply.ends_on >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
        OR supply.ends_on = '00000000'
    )
JOIN legacy.contract
    ON contract.supply_point_id = supply.supply_point_id AND contract.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, contract.starts_on
