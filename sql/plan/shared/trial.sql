-- Every n-th of each account type, the first of each included: a fault that affects a whole type shows in
-- the first batch, however rare the type is. Customers who have to wait do not use up places.

WITH numbered AS (
    SELECT
        external_identifier,
        stratum,
        exclusion,
        waits,
        row_number() OVER (PARTITION BY stratum, waits ORDER BY external_identifier) - 1 AS place
    FROM (
        SELECT
            candidate.*,
            coalesce(string_to_array(exclusion, ',') && CAST(:leave_out AS text[]), false) AS waits
        FROM candidate
    ) AS known
)
SELECT
    external_identifier,
    CAST(place / CAST(:every AS integer) AS integer) AS priority,
    stratum,
    exclusion
FROM numbered
WHERE (waits OR mod(place, CAST(:every AS integer)) = 0)
    AND external_identifier > coalesce(CAST(:after AS text), '')
ORDER BY external_identifier
LIMIT :row_limit
