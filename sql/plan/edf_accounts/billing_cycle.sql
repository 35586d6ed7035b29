-- All customers whose last bill ends between two days, both included; the first to be billed go first.

SELECT external_identifier, CAST(last_billed_to AS integer) AS priority, stratum, exclusion
FROM candidate
WHERE last_billed_to BETWEEN to_char(CAST(:billing_from AS date), 'YYYYMMDD')
        AND to_char(CAST(:billing_to AS date), 'YYYYMMDD')
    AND external_identifier > coalesce(CAST(:after AS text), '')
ORDER BY external_identifier
LIMIT :row_limit
