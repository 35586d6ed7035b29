-- Archiving: the events of purged waves, of which there are ten for each record, go to files.

-- name: to_archive
-- Purged waves are closed for good: no budget looks at what happened in them, and nothing more does. First those
-- whose file is written already, so that what was broken off is brought to its end.
SELECT wave.id, archive.file, archive.sha256, archive.events, archive.last_event_id
FROM migration.wave
LEFT JOIN migration.event_archive AS archive ON archive.wave_id = wave.id
WHERE wave.purged_at < %(before)s
    AND archive.deleted_at IS NULL
    AND (
        archive.wave_id IS NOT NULL
        OR EXISTS (SELECT FROM migration.import_event AS event WHERE event.wave_id = wave.id)
    )
ORDER BY archive.wave_id IS NULL, wave.id

-- name: lock
-- One at a time, for as long as the session lives.
SELECT pg_try_advisory_lock(%(key)s)

-- name: unlock
SELECT pg_advisory_unlock(%(key)s)

-- name: extent
SELECT count(*) AS events, max(id) AS last_event_id FROM migration.import_event WHERE wave_id = %(wave_id)s

-- name: export
COPY (
    SELECT id, import_process_id, attempt, wave_id, from_state, to_state, occurred_at, error_code, error_path,
        begun_by_rerun
    FROM migration.import_event
    WHERE wave_id = {wave_id}
    ORDER BY occurred_at, id
) TO STDOUT WITH (FORMAT csv, HEADER)

-- name: record
INSERT INTO migration.event_archive (wave_id, file, sha256, events, last_event_id, archived_by, archived_at)
VALUES (%(wave_id)s, %(file)s, %(sha256)s, %(events)s, %(last_event_id)s, %(archived_by)s, %(at)s)

-- name: delete_events
SELECT migration.delete_archived(%(wave_id)s, %(most)s)
