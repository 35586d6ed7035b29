-- Holds that the legacy system was asked for.

-- name: mark
INSERT INTO migration.legacy_hold (import_process_id, held_at)
SELECT given.id, %(at)s FROM unnest(%(ids)s::bigint[]) AS given (id)
ORDER BY given.id
ON CONFLICT (import_process_id) DO UPDATE SET held_at = excluded.held_at, released_at = NULL, done_at = NULL

-- name: keep
-- Migrated customers stay held for good, and are not looked at again. A live import that was processed never moves on.
WITH migrated AS (
    SELECT hold.import_process_id
    FROM migration.legacy_hold AS hold
    JOIN migration.import_process AS process ON process.id = hold.import_process_id
    WHERE hold.done_at IS NULL
        AND process.dialect = %(dialect)s
        AND (%(wave_id)s::bigint IS NULL OR process.wave_id = %(wave_id)s)
        AND process.state = 'processed'
    ORDER BY hold.import_process_id
    FOR UPDATE OF hold SKIP LOCKED
)
UPDATE migration.legacy_hold AS hold
SET done_at = %(at)s
FROM migrated
WHERE hold.import_process_id = migrated.import_process_id

-- name: to_release
-- Held customers whose migration has ended without success: a rerun may just be holding the others again.
SELECT hold.import_process_id AS id, process.external_identifier
FROM migration.legacy_hold AS hold
JOIN migration.import_process AS process ON process.id = hold.import_process_id
JOIN migration.wave ON wave.id = process.wave_id
WHERE hold.done_at IS NULL
    AND process.dialect = %(dialect)s
    AND (%(wave_id)s::bigint IS NULL OR process.wave_id = %(wave_id)s)
    AND (
        (process.state = ANY (%(failed)s) AND process.settled_at >= hold.held_at)
        OR (process.state = ANY (%(rebuildable)s) AND wave.closed_at >= hold.held_at)
    )
ORDER BY hold.import_process_id
LIMIT %(most)s
FOR UPDATE OF hold SKIP LOCKED

-- name: released
UPDATE migration.legacy_hold SET released_at = %(at)s, done_at = %(at)s WHERE import_process_id = ANY (%(ids)s)
