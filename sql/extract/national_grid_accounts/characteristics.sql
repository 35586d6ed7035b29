-- Choices within these contracts. They are found by account and supply point and not through the contract, so
-- that one whose contract is gone is reported and not lost.

SELECT
    account.account_number AS external_identifier,
    occupancy.premise_id AS supply_address_key,
    supply.supply_point_id AS supply_point_key,
    choice.contract_id AS agreement_key,
    choice.option_id AS characteristic_key,
    choice.code,
    choice.value
FROM legacy.account
JOIN legacy.occupancy
    ON occupancy.account_id = account.account_id
    AND occupancy.moved_out = (
        SELECT max(slice.moved_out) FROM legacy.occupancy AS slice WHERE slice.account_id = account.account_id
    )
JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
JOIN legacy.contract_option AS choice
    ON choice.supply_point_id = supply.supply_point_id AND choice.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, occupancy.premise_id, supply.supply_point_id, choice.option_id
