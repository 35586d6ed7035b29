-- What preflights found: how many customers, by cause, and no value of any of them.

-- name: keep
WITH kept AS (
    INSERT INTO migration.preflight (dialect, customers, rejected, warned, checked_by, checked_at)
    VALUES (%(dialect)s, %(customers)s, %(rejected)s, %(warned)s, %(checked_by)s, migration.present())
    RETURNING id
)
INSERT INTO migration.preflight_cause (preflight_id, severity, code, path, source, customers)
SELECT kept.id, given.severity, given.code, given.path, given.source, sum(given.customers)
FROM kept
CROSS JOIN unnest(
    %(severities)s::text[], %(codes)s::text[], %(paths)s::text[], %(sources)s::text[], %(counts)s::integer[]
) AS given (severity, code, path, source, customers)
GROUP BY kept.id, given.severity, given.code, given.path, given.source

-- name: latest
SELECT DISTINCT ON (dialect) id, dialect, customers, rejected, warned, checked_by, checked_at
FROM migration.preflight
WHERE dialect = ANY (%(dialects)s)
ORDER BY dialect, id DESC

-- name: causes
SELECT severity, code, path, source, customers
FROM migration.preflight_cause
WHERE preflight_id = %(preflight_id)s
ORDER BY severity, customers DESC, code, path
