-- All customers of one account type, as the legacy system names it.

SELECT external_identifier, 0 AS priority, stratum, exclusion
FROM candidate
WHERE stratum = CAST(:account_type AS text)
    AND external_identifier > coalesce(CAST(:after AS text), '')
ORDER BY external_identifier
LIMIT :row_limit
