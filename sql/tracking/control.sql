-- People's orders to a wave.

-- name: lock
-- Waits for intents under way: once it has returned, none is committed that the order did not see.
SELECT
    wave.paused_at, wave.stop_code, wave.stop_reason, wave.finished_at,
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

-- name: known_krakens
SELECT DISTINCT connection_id, target_kraken FROM migration.wave ORDER BY connection_id, target_kraken

-- name: stop_all
-- The first reason stands where a wave or a rerun was stopped before; what this does not find, since its plan
-- is not committed or its run has ended and one task is cleared, is held by the order itself.
WITH stopped_wave AS (
    UPDATE migration.wave
    SET stopped_at = %(at)s, stop_code = 'stop_all', stop_reason = %(stop_reason)s,
        stopped_no = nextval('migration.occasion')
    WHERE stopped_at IS NULL
        AND finished_at IS NULL
        AND closed_at IS NULL
        AND (%(kraken)s::text IS NULL OR %(kraken)s IN (connection_id, target_kraken))
    RETURNING id, name, dialect, mode
), stopped_rerun AS (
    UPDATE migration.rerun
    SET stopped_at = %(at)s, stop_code = 'stop_all', stop_reason = %(stop_reason)s
    WHERE stopped_at IS NULL
        AND finished_at IS NULL
        AND (
            %(kraken)s::text IS NULL
            OR target_kraken = %(kraken)s
            OR target_kraken IN (SELECT target_kraken FROM migration.wave WHERE connection_id = %(kraken)s)
        )
    RETURNING id, NULL::text AS name, dialect, mode
), ordered AS (
    INSERT INTO migration.stop_order (kraken, ordered_by, reason, stop_reason, waves, reruns, ordered_at)
    SELECT
        %(kraken)s, %(ordered_by)s, %(reason)s, %(stop_reason)s,
        ARRAY(SELECT id FROM stopped_wave ORDER BY id), ARRAY(SELECT id FROM stopped_rerun ORDER BY id), %(at)s
)
SELECT 'wave' AS kind, id, name, dialect, mode FROM stopped_wave
UNION ALL
SELECT 'rerun', id, name, dialect, mode FROM stopped_rerun
ORDER BY kind DESC, id

-- name: record
INSERT INTO migration.wave_control (wave_id, action, ordered_by, reason, ordered_at)
VALUES (%(wave_id)s, %(action)s, %(ordered_by)s, %(reason)s, %(at)s)
