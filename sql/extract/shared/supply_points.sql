-- Supply points of an Australian network.

SELECT
    point.identifier AS external_identifier,
    point.fuel AS supply_type,
    point.substation,
    point.critical_load
FROM legacy.supply_point AS point
WHERE point.market = 'AU' AND point.identifier = ANY (CAST(:identifiers AS text[]))
ORDER BY point.identifier
