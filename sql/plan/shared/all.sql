-- All customers, in the order of their identifiers.

SELECT external_identifier, 0 AS priority, stratum, exclusion
FROM candidate
WHERE external_identifier > coalesce(CAST(:after AS text), '')
ORDER BY external_identifier
LIMIT :row_limit
