-- What people order a wave to do.

-- name: find
SELECT id, name, dialect, mode
FROM migration.wave
WHERE id = %(id)s OR name = %(name)s
ORDER BY id DESC

-- name: lock
-- Waits for intents under way: once it has returned, none is committed that the order did not see.
SELECT
    wave.paused_at, wave.stop_code, wave.finished_at,
    EXISTS (
        SELECT FROM migration.import_process AS process
        WHERE process.wave_id = wave.id AND process.state <> ALL (%(settled)s)
    ) AS has_unsettled
FROM migration.wave
WHERE wave.id = %(wave_id)s
FOR UPDATE

-- name: pause
UPDATE migration.wave SET paused_at = %(at)s WHERE id = %(wave_id)s

-- name: resume
UPDATE migration.wave SET paused_at = NULL WHERE id = %(wave_id)s

-- name: cancel
-- Over an earlier stop: that one could be cleared, this one stands.
UPDATE migration.wave
SET paused_at = NULL, stopped_at = %(at)s, stop_code = 'cancelled', stop_reason = %(reason)s,
    stopped_no = nextval('migration.occasion')
WHERE id = %(wave_id)s

-- name: record
INSERT INTO migration.wave_control (wave_id, action, ordered_by, reason, ordered_at)
VALUES (%(wave_id)s, %(action)s, %(ordered_by)s, %(reason)s, %(at)s)
