-- The account's own contracts at these meter points, the oldest first; others have had theirs there.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS meter_point_key,
    contract.contract_id AS agreement_key,
    contract.tariff_code,
    contract.starts_on AS effective_from,
    contract.ends_on AS effective_to,
    contract.broker AS intermediary,
    CASE WHEN contract.broker <> '' THEN CAST(contract.contract_id AS text) END AS intermediary_reference
FROM legacy.account
JOIN legacy.occupancy ON occupancy.account_id = account.account_id
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id AND supply.ends_on >= account.last_billed_to
JOIN legacy.contract
    ON contract.supply_point_id = supply.supply_point_id AND contract.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, contract.starts_on
