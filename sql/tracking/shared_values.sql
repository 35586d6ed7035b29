-- Values that no two customers of a wave may have.

-- name: replace
WITH gone AS (
    DELETE FROM migration.shared_value WHERE import_process_id = ANY (%(built)s)
)
INSERT INTO migration.shared_value (wave_id, import_process_id, digest, code, path)
SELECT %(wave_id)s, given.import_process_id, given.digest, given.code, given.path
FROM unnest(%(ids)s::bigint[], %(digests)s::bytea[], %(codes)s::text[], %(paths)s::text[])
    AS given (import_process_id, digest, code, path)

-- name: shared
-- Valid records that share a value with another one that is not refused, and have not been told yet. By a
-- window, not by a join with itself: a wave just built has no statistics, and Postgres would join in loops.
WITH standing AS (
    SELECT
        process.id,
        process.attempt,
        process.state,
        shared_value.code,
        shared_value.path,
        min(process.id) OVER same AS lowest,
        max(process.id) OVER same AS highest
    FROM migration.shared_value
    JOIN migration.import_process AS process ON process.id = shared_value.import_process_id
    WHERE shared_value.wave_id = %(wave_id)s AND process.state <> ALL (%(refused)s)
    WINDOW same AS (PARTITION BY shared_value.digest)
)
SELECT DISTINCT standing.id, standing.attempt, standing.code, standing.path
FROM standing
WHERE standing.lowest <> standing.highest
    AND standing.state = 'valid'
    AND NOT EXISTS (
        SELECT FROM migration.import_error AS error
        WHERE error.import_process_id = standing.id
            AND error.attempt = standing.attempt
            AND error.code = standing.code
            AND error.path = standing.path
    )
ORDER BY standing.id, standing.code, standing.path
