-- Which of the given supply points there are.

SELECT point.identifier AS external_identifier
FROM legacy.supply_point AS point
WHERE point.market = 'AU'
    AND coalesce(point.network_area, 'NO') = 'NO'
    AND point.identifier = ANY (CAST(:identifiers AS text[]))
