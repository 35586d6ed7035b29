-- The account's own contracts at these supply points, the oldest first; others have had theirs there. OFFSET 0: one
-- probe for each supply point, rather than a join of all contracts there are with all supplies.

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
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
CROSS JOIN LATERAL (
    SELECT one.contract_id, one.tariff_code, one.starts_on, one.ends_on
    FROM legacy.contract AS one
    WHERE one.supply_point_id = supply.supply_point_id AND one.account_id = account.account_id
    OFFSET 0
) AS contract
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, contract.starts_on
