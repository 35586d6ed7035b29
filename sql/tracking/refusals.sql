-- What our checks and Kraken refused, for people who look for the rule behind it.

-- name: last_wave
-- The newest wave of a dialect that has built anything and still has its findings.
SELECT id, name, mode, started_at
FROM migration.wave
WHERE dialect = %(dialect)s AND purged_at IS NULL
    AND EXISTS (SELECT FROM migration.batch WHERE batch.wave_id = wave.id AND batch.built_at IS NOT NULL)
ORDER BY id DESC
LIMIT 1

-- name: of_wave
-- Errors by code and path, from their index alone; warnings are many, and the report counts them.
SELECT code, path, count(*) AS errors
FROM migration.import_error
WHERE wave_id = %(wave_id)s AND severity = 'error'
GROUP BY code, path
ORDER BY code, path
