-- Supply points that may be planned, by the class of the account there. None has to wait: add reasons to
-- exclusion for those that must.

SELECT
    point.identifier AS external_identifier,
    coalesce((
        SELECT rtrim(min(account.account_class))
        FROM legacy.occupancy
        JOIN legacy.supply
            ON supply.occupancy_id = occupancy.occupancy_id
            AND supply.supply_point_id = point.supply_point_id
            AND (
                supply.ends_on >= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
                OR supply.ends_on = '00000000'
            )
        JOIN legacy.account ON account.account_id = occupancy.account_id
        WHERE occupancy.premise_id = point.premise_id
            AND occupancy.moved_out = '99991231'
            AND occupancy.moved_in <= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
    ), 'no account') AS stratum,
    CAST(NULL AS text) AS exclusion
FROM legacy.supply_point AS point
WHERE point.market = 'AU' AND point.network_area = 'SO' AND point.data_origin = 'GEN'
