-- Waves and their batches.

-- name: insert_wave
INSERT INTO migration.wave (
    name, dialect, resource, mode, import_supplier, target_kraken, connection_id, requested,
    batch_size, requests_in_flight, failure_threshold, dag_id, run_id, started_at,
    require_rehearsal, approval, approval_minutes, error_share, error_count, error_window,
    schedule_window_start, schedule_window_end, four_eyes, reruns_ask, requested_by, cleared,
    package_version, mapping_digest, mapped_at
)
VALUES (
    %(name)s, %(dialect)s, %(resource)s, %(mode)s, %(import_supplier)s, %(target_kraken)s,
    %(connection_id)s, %(requested)s, %(batch_size)s, %(requests_in_flight)s, %(failure_threshold)s,
    %(dag_id)s, %(run_id)s, %(started_at)s,
    %(require_rehearsal)s, %(approval)s, %(approval_minutes)s, %(error_share)s, %(error_count)s,
    %(error_window)s, %(schedule_window_start)s, %(schedule_window_end)s, %(four_eyes)s, %(reruns_ask)s,
    %(requested_by)s, %(cleared)s,
    %(package_version)s, %(mapping_digest)s, %(started_at)s
)
ON CONFLICT DO NOTHING
RETURNING id

-- name: close_planning
WITH sized AS (
    INSERT INTO migration.batch (wave_id, batch, customers)
    SELECT wave_id, batch, count(*)
    FROM migration.import_process
    WHERE wave_id = %(wave_id)s
    GROUP BY wave_id, batch
    RETURNING customers
)
UPDATE migration.wave
SET claimed = (SELECT sum(customers) FROM sized), already_claimed = %(already_claimed)s
WHERE id = %(wave_id)s

-- name: merge_batches
-- Airflow maps at most 1,024 tasks: neighbouring batches become one.
UPDATE migration.import_process
SET batch = batch / %(by)s
WHERE wave_id = %(wave_id)s

-- name: enlarge_batch_size
UPDATE migration.wave SET batch_size = batch_size * %(by)s WHERE id = %(wave_id)s

-- name: reopen
UPDATE migration.wave
SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL, reopened_at = %(at)s, approved_at = NULL,
    finished_at = NULL, outcome = NULL, outcome_reason = NULL, opened_no = nextval('migration.occasion'),
    cleared = %(cleared)s, takes_refused = %(takes_refused)s
-- Clearing a run asks to go on, retrying a task does not. Where Airflow does not count clearings, each call is one.
WHERE id = %(wave_id)s AND (%(cleared)s::integer IS NULL OR cleared IS DISTINCT FROM %(cleared)s)

-- name: remap
-- What is built from now on is built by this; another mapping counts from now.
UPDATE migration.wave
SET package_version = %(package_version)s, mapping_digest = %(mapping_digest)s,
    mapped_at = CASE WHEN mapping_digest = %(mapping_digest)s THEN mapped_at ELSE %(at)s END
WHERE id = %(wave_id)s
    AND (package_version, mapping_digest) IS DISTINCT FROM (%(package_version)s, %(mapping_digest)s)

-- name: find_run
SELECT id FROM migration.wave WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s

-- name: dag_of
SELECT dag_id FROM migration.wave WHERE id = %(wave_id)s

-- name: run_of
SELECT dag_id, run_id FROM migration.wave WHERE id = %(wave_id)s

-- name: load_wave
SELECT
    id, name, dialect, resource, mode, import_supplier, target_kraken, connection_id, claimed,
    already_claimed, requests_in_flight, failure_threshold, run_id, stopped_at, stop_code, stop_reason,
    started_at, finished_at, reopened_at, approved_at, paused_at,
    require_rehearsal, approval, approval_minutes, error_share, error_count, error_window,
    schedule_window_start, schedule_window_end, four_eyes, reruns_ask,
    closed_at, requested_by, takes_refused, package_version, mapping_digest
FROM migration.wave
WHERE id = %(wave_id)s

-- name: may_create
-- What `intend` asks too; here for creates that were intended and have not left yet.
SELECT migration.may_create(%(wave_id)s, %(rerun_id)s)

-- name: hindrance
SELECT stopped_at, stop_code, stop_reason FROM migration.hindrance(%(wave_id)s, %(rerun_id)s)

-- name: paused
-- A rerun may go on where its wave is stopped.
SELECT given.wave_id, given.rerun_id
FROM unnest(%(wave_ids)s::bigint[], %(rerun_ids)s::bigint[]) AS given (wave_id, rerun_id)
JOIN migration.wave ON wave.id = given.wave_id AND wave.paused_at IS NOT NULL
WHERE NOT EXISTS (SELECT FROM migration.hindrance(given.wave_id, given.rerun_id))

-- name: batches
SELECT batch FROM migration.batch WHERE wave_id = %(wave_id)s ORDER BY batch

-- name: batches_in_state
SELECT DISTINCT batch
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s)
ORDER BY batch

-- name: record_watermark
-- A worker that was stalled while another built the batch does not say that it ended before that.
UPDATE migration.batch
SET watermark = %(watermark)s, built_at = greatest(built_at, %(built_at)s)
WHERE wave_id = %(wave_id)s AND batch = %(batch)s

-- name: stop
-- The first reason stands: what follows it is usually a consequence.
UPDATE migration.wave
SET stopped_at = %(at)s, stop_code = %(code)s, stop_reason = %(reason)s, stopped_no = nextval('migration.occasion')
WHERE id = %(wave_id)s AND stopped_at IS NULL

-- name: finish
UPDATE migration.wave
SET finished_at = %(at)s, outcome = %(outcome)s, outcome_reason = %(reason)s, ended_states = %(ended_states)s::jsonb
WHERE id = %(wave_id)s

-- name: lock_batch
-- Held by the database session, so that a killed worker lets go of it.
SELECT pg_try_advisory_lock(%(wave_id)s::integer, %(batch)s)

-- name: unlock_batch
SELECT pg_advisory_unlock(%(wave_id)s::integer, %(batch)s)

-- name: add_partitions
SELECT migration.add_partitions(%(wave_id)s)
