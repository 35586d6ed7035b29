-- All customers whose property is in a postcode area, such as LS or B (B is not BS).

SELECT external_identifier, 0 AS priority, stratum, exclusion
FROM candidate
WHERE substring(upper(postcode) FROM '^[A-Z]+') = upper(CAST(:postcode_area AS text))
    AND external_identifier > coalesce(CAST(:after AS text), '')
ORDER BY external_identifier
LIMIT :row_limit
