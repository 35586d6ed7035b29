-- Accounts that may be planned, each with the reasons for which a cohort may leave it out.

SELECT
    account.account_number AS external_identifier,
    rtrim(account.account_class) AS stratum,
    nullif(concat_ws(
        ',',
        CASE WHEN property.disputed THEN 'open_dispute' END,
        CASE WHEN property.transferring THEN 'erroneous_transfer' END,
        CASE WHEN account.unknown_occupier IN ('X', 'Y', '1') THEN 'unknown_occupier' END,
        CASE WHEN account.account_class IN ('DVA', 'BVA') THEN 'vacant' END,
        CASE WHEN EXISTS (
            SELECT FROM legacy.dunning WHERE dunning.account_id = account.account_id
        ) THEN 'in_arrears' END
    ), '') AS exclusion,
    property.postcode,
    account.last_billed_to
FROM legacy.account
LEFT JOIN LATERAL (
    SELECT
        bool_or(point.dispute_flag IN ('X', 'Y', '1')) AS disputed,
        bool_or(point.transfer_flag IN ('X', 'Y', '1')) AS transferring,
        min(address.postcode) AS postcode
    FROM legacy.occupancy
    JOIN legacy.premise ON premise.premise_id = occupancy.premise_id
    JOIN legacy.address ON address.address_id = premise.address_id
    LEFT JOIN legacy.supply ON supply.occupancy_id = occupancy.occupancy_id
    LEFT JOIN legacy.supply_point AS point ON point.supply_point_id = supply.supply_point_id
    WHERE occupancy.account_id = account.account_id AND occupancy.moved_out = '99991231'
) AS property ON true
WHERE account.market = 'GB' AND account.data_origin = 'GEN'
