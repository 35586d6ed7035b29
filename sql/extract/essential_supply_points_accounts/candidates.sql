-- Supply points that may migrate, in order: those of the area that keeps accounts.

SELECT point.identifier AS external_identifier
FROM legacy.supply_point AS point
WHERE point.market = 'AU'
    AND point.network_area = 'SO'
    AND point.data_origin = 'GEN'
    AND point.identifier > coalesce(CAST(:after AS text), '')
ORDER BY point.identifier
LIMIT :row_limit
