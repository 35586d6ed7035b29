-- Fills a tracking database for benchmarks/growth.py. Odd waves rehearse, the next even one migrates the same customers.
-- The last two waves are at work, and large; those before them have ended, all but the last twenty are closed, and
-- the first ten are purged. Reruns began every twentieth record of every fourth wave.

-- name: waves
INSERT INTO migration.stop_order (ordered_by, stop_reason, waves, reruns, ordered_at)
SELECT 'operator', 'everything was stopped.', '{}', '{}', now() - no * interval '5 days'
FROM generate_series(1, 100) AS no;
INSERT INTO migration.kraken_load (target_kraken, protocol) VALUES ('https://kraken:443', 1);
INSERT INTO migration.kraken_share (holder, target_kraken, wants, allowed, requests, taken_at, lapses_at)
SELECT gen_random_uuid(), 'https://kraken:443', 10, 128, 1, now(), now() + interval '30 seconds'
FROM generate_series(1, 50);
INSERT INTO migration.wave (
    name, dialect, resource, mode, import_supplier, target_kraken, connection_id, claimed, batch_size,
    failure_threshold, dag_id, run_id, started_at, require_rehearsal, approval, asked_at, approved_at, question,
    finished_at, outcome, closed_at, closed_by, purged_at
)
SELECT
    'wave ' || no, 'dialect_' || (no + 1) / 2 %% 5, 'accounts', CASE no %% 2 WHEN 1 THEN 'rehearsal' ELSE 'live' END,
    'SUPPLIER_' || (no + 1) / 2 %% 5, 'https://kraken:443', 'kraken', size.records,
    least(1000, -div(-size.records, 4)), 0.1,
    'migrate_dialect_' || (no + 1) / 2 %% 5, 'run ' || no, begun, true, 'required', begun, begun,
    nextval('migration.question'),
    CASE WHEN no <= %(waves)s - 2 THEN begun + interval '2 hours' END,
    CASE WHEN no <= %(waves)s - 2 THEN 'succeeded' END,
    CASE WHEN no <= %(waves)s - 20 THEN begun + interval '1 day' END,
    CASE WHEN no <= %(waves)s - 20 THEN 'operator' END,
    CASE WHEN no <= 10 THEN begun + interval '30 days' END
FROM generate_series(1, %(waves)s) AS no
CROSS JOIN LATERAL (
    SELECT date_trunc('hour', now()) - (%(waves)s - no) * interval '6 hours' - interval '1 hour' AS begun
) AS hour
CROSS JOIN LATERAL (
    SELECT (CASE
        WHEN no > %(waves)s - 2 THEN %(at_work)s
        WHEN no IN (%(waves)s - 5, %(waves)s - 4) THEN %(looked_at)s
        ELSE %(per_wave)s
    END)::integer AS records
) AS size
ORDER BY no;

INSERT INTO migration.wave_key (wave_id, secret, wrapped_by, made_at, wrapped_at)
SELECT id, 'secret', 'key', started_at, started_at FROM migration.wave WHERE id < (SELECT max(id) FROM migration.wave);
INSERT INTO migration.wave_control (wave_id, action, ordered_by, ordered_at)
SELECT id, action, 'operator', started_at
FROM migration.wave
CROSS JOIN unnest(ARRAY['pause', 'resume']) AS action
WHERE id %% 10 = 0;
INSERT INTO migration.wave_purge (wave_id, ordered_by, purged_at)
SELECT id, 'operator', purged_at FROM migration.wave WHERE purged_at IS NOT NULL;
INSERT INTO migration.purged_money (
    wave_id, ledger, currency, state, built, customers, legacy_cents, payload_cents
)
SELECT id, 'ENERGY', 'EUR', 'processed', true, claimed, claimed * 100, claimed * 100
FROM migration.wave
WHERE purged_at IS NOT NULL;
INSERT INTO migration.event_archive (
    wave_id, file, sha256, events, last_event_id, archived_by, archived_at, deleted_at
)
SELECT id, 'wave ' || id, 'sha256', claimed, 0, 'operator', purged_at, purged_at
FROM migration.wave
WHERE id <= 5;
INSERT INTO migration.rerun (
    dialect, mode, target_kraken, selection, failure_threshold, dag_id, run_id, requested_at, opened_at, finished_at,
    outcome, records, question, asked_at, approved_at
)
SELECT dialect, mode, target_kraken, '{}', 0.1, 'rerun', run_id, started_at, started_at, finished_at, outcome,
    greatest(1, claimed / 20), question, started_at, started_at
FROM migration.wave
WHERE (%(waves)s - id) %% 4 = 0
ORDER BY id

-- name: batches
INSERT INTO migration.batch (wave_id, batch, customers, watermark, built_at)
SELECT wave.id, batch, least(batch_size, claimed - batch * batch_size), wave.started_at, wave.started_at
FROM migration.wave
CROSS JOIN LATERAL generate_series(0, (claimed - 1) / batch_size) AS batch;
INSERT INTO migration.batch_money (wave_id, batch, stage, ledger, currency, customers, cents)
SELECT wave_id, batch, stage, 'ENERGY', 'EUR', customers, customers * 100
FROM migration.batch
CROSS JOIN unnest(ARRAY['legacy', 'payload']) AS stage;
INSERT INTO migration.batch_frame (wave_id, batch, frame, again, parents, parents_with_rows, rows, squares)
SELECT wave_id, batch, 'frame_' || frame, false, customers, customers, customers, customers
FROM migration.batch
CROSS JOIN generate_series(1, 8) AS frame

-- name: partitions
DO $$
BEGIN
    FOR wave_no IN greatest(%(first)s, 11)..%(last)s LOOP
        EXECUTE format('CREATE TABLE migration.payload_wave_%%s (LIKE migration.payload INCLUDING DEFAULTS '
            'INCLUDING CONSTRAINTS INCLUDING STORAGE)', wave_no);
        EXECUTE format('ALTER TABLE migration.payload ATTACH PARTITION migration.payload_wave_%%s '
            'FOR VALUES IN (%%s)', wave_no, wave_no);
        EXECUTE format('CREATE TABLE migration.answer_wave_%%s (LIKE migration.answer INCLUDING DEFAULTS '
            'INCLUDING CONSTRAINTS INCLUDING STORAGE)', wave_no);
        EXECUTE format('ALTER TABLE migration.answer ATTACH PARTITION migration.answer_wave_%%s '
            'FOR VALUES IN (%%s)', wave_no, wave_no);
    END LOOP;
END
$$

-- name: processes
-- In a hundred that have ended two were rejected, two refused and three errored; one in a thousand is parked.
INSERT INTO migration.import_process (
    target_kraken, mode, resource, import_supplier, external_identifier, dialect, wave_id, batch, airflow_run,
    state, attempt, payload_hash, payload_bytes, kraken_status, kraken_identifier, first_error_code,
    first_error_path, planned_at, built_at, validated_at, intended_at, evidence_from, created_at, polled_at,
    settled_at, watermark, parked_from, question, question_attempt, begun_by_rerun, previous_wave_id, previous_batch
)
SELECT
    wave.target_kraken, wave.mode, wave.resource, wave.import_supplier,
    'EXT-' || lpad(((wave.id - 1) / 2 * %(at_work)s + no)::text, 10, '0'), wave.dialect, wave.id,
    (no - 1) / wave.batch_size, wave.run_id, stands.state, CASE WHEN no %% 10 = 0 THEN 2 ELSE 1 END,
    CASE WHEN stands.state NOT IN ('planned', 'rejected') THEN decode(lpad(md5(no::text), 64, '0'), 'hex') END,
    CASE WHEN stands.state NOT IN ('planned', 'rejected') THEN 4000 END,
    CASE WHEN stands.sent THEN 'PROCESSED' END, CASE WHEN stands.sent THEN 'A-' || no END,
    CASE WHEN stands.refused THEN 'code_' || no %% 7 END, CASE WHEN stands.refused THEN '/path' END,
    wave.started_at, wave.started_at, wave.started_at, CASE WHEN stands.sent THEN wave.started_at END,
    CASE WHEN stands.sent THEN wave.started_at END, CASE WHEN stands.sent THEN wave.started_at END,
    CASE WHEN stands.sent THEN wave.started_at END,
    CASE WHEN stands.ended THEN wave.started_at + interval '1 hour' END,
    wave.started_at, CASE stands.state WHEN 'parked' THEN 'creating' END, wave.question,
    CASE WHEN no %% 10 = 0 THEN 2 ELSE 1 END, CASE WHEN no %% 20 = 0 THEN rerun.id END,
    CASE WHEN taken_over.is_so THEN wave.id - 20 END, CASE WHEN taken_over.is_so THEN 0 END
FROM migration.wave
LEFT JOIN migration.rerun ON rerun.run_id = wave.run_id
CROSS JOIN LATERAL generate_series(1, wave.claimed) AS no
CROSS JOIN LATERAL (
    SELECT wave.mode = 'rehearsal' AND wave.id > 20 AND no <= 500 AND no %% 50 = 25 AS is_so
) AS taken_over
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN wave.finished_at IS NULL THEN
            CASE width_bucket(100.0 * (no - 1) / wave.claimed, ARRAY[10, 20, 50, 51, 66, 83])
                WHEN 0 THEN 'planned' WHEN 1 THEN 'built' WHEN 2 THEN 'valid' WHEN 3 THEN 'creating'
                WHEN 4 THEN 'created' WHEN 5 THEN 'pending' ELSE 'in_progress'
            END
        WHEN no %% 50 = 1 THEN 'rejected'
        WHEN no %% 50 = 2 THEN 'invalid'
        WHEN no %% 33 = 3 THEN CASE wave.mode WHEN 'live' THEN 'errored' ELSE 'dry_run_errored' END
        WHEN no %% 1000 = 5 AND wave.closed_at IS NULL THEN 'parked'
        ELSE CASE wave.mode WHEN 'live' THEN 'processed' ELSE 'dry_run_succeeded' END
    END AS state
) AS chosen
CROSS JOIN LATERAL (
    SELECT chosen.state,
        chosen.state NOT IN ('planned', 'rejected', 'built', 'valid', 'invalid') AS sent,
        chosen.state IN ('rejected', 'invalid', 'errored', 'dry_run_errored') AS refused,
        wave.finished_at IS NOT NULL AND chosen.state <> 'parked' AS ended
) AS stands
WHERE wave.id BETWEEN %(first)s AND %(last)s
ORDER BY wave.id, no

-- name: attempts
INSERT INTO migration.import_attempt (
    import_process_id, attempt, wave_id, batch, airflow_run, payload_hash, started_at, settled_at, outcome
)
SELECT process.id, no, process.wave_id, process.batch, process.airflow_run, process.payload_hash, process.built_at,
    CASE WHEN no < process.attempt THEN process.built_at ELSE process.settled_at END,
    CASE WHEN no < process.attempt THEN 'invalid' WHEN process.settled_at IS NOT NULL THEN process.state END
FROM migration.import_process AS process
CROSS JOIN LATERAL generate_series(1, process.attempt) AS no
WHERE process.wave_id BETWEEN %(first)s AND %(last)s
ORDER BY process.wave_id, no, process.id

-- name: events
-- As many for each record as were asked for: between creation and the end the status goes to and fro.
INSERT INTO migration.import_event (
    import_process_id, attempt, wave_id, from_state, to_state, occurred_at, error_code, error_path, begun_by_rerun
)
SELECT process.id, process.attempt, process.wave_id,
    CASE WHEN no > 1 THEN
        coalesce((ARRAY['planned', 'built', 'valid', 'creating', 'created'])[no - 1],
            CASE no %% 2 WHEN 0 THEN 'in_progress' ELSE 'pending' END) END,
    CASE WHEN no = %(each)s THEN process.state
        ELSE coalesce((ARRAY['planned', 'built', 'valid', 'creating', 'created'])[no],
            CASE no %% 2 WHEN 0 THEN 'pending' ELSE 'in_progress' END) END,
    process.planned_at + no * interval '5 minutes' + process.batch * interval '1 minute',
    CASE WHEN no = %(each)s THEN process.first_error_code END,
    CASE WHEN no = %(each)s THEN process.first_error_path END, CASE WHEN no > 1 THEN process.begun_by_rerun END
FROM migration.import_process AS process
CROSS JOIN generate_series(1, %(each)s) AS no
WHERE process.wave_id BETWEEN greatest(%(first)s, 6) AND %(last)s
ORDER BY process.wave_id, no, process.id

-- name: parts
INSERT INTO migration.import_error (
    import_process_id, attempt, wave_id, stage, origin, severity, code, path, indexed_path, detail, occurred_at
)
SELECT id, attempt, wave_id, 'validate', 'kraken',
    CASE WHEN first_error_code IS NULL THEN 'warning' ELSE 'error' END,
    coalesce(first_error_code, 'unusual'), '/path', '/path/0', 'It is not what it should be.', built_at
FROM migration.import_process
WHERE wave_id BETWEEN %(first)s AND %(last)s AND (first_error_code IS NOT NULL OR id %% 20 = 0)
ORDER BY id;
INSERT INTO migration.payload (wave_id, import_process_id, attempt, body, built_at)
SELECT wave_id, id, attempt, decode(repeat('ab', 1000), 'hex'), built_at
FROM migration.import_process
WHERE wave_id BETWEEN greatest(%(first)s, 11) AND %(last)s AND payload_hash IS NOT NULL
    AND (id %% 10 = 0 OR wave_id > %(waves)s - 6);
INSERT INTO migration.answer (wave_id, import_process_id, attempt, stage, http_status, body, received_at)
SELECT wave_id, id, attempt, 'create', 200, decode(repeat('ab', 50), 'hex'), created_at
FROM migration.import_process
WHERE wave_id BETWEEN greatest(%(first)s, 11) AND %(last)s AND created_at IS NOT NULL
    AND (id %% 10 = 0 OR wave_id > %(waves)s - 6);
INSERT INTO migration.record_money (
    wave_id, batch, import_process_id, ledger, currency, legacy_entries, legacy_cents, payload_entries, payload_cents
)
SELECT wave_id, batch, id, 'ENERGY', 'EUR', 1, 100, 1, 100
FROM migration.import_process
WHERE wave_id BETWEEN greatest(%(first)s, 11) AND %(last)s;
INSERT INTO migration.shared_value (wave_id, import_process_id, digest, code, path)
SELECT wave_id, id, decode(md5(external_identifier), 'hex'), 'shared', '/path'
FROM migration.import_process
WHERE wave_id BETWEEN greatest(%(first)s, 11) AND %(last)s AND payload_hash IS NOT NULL;
-- What was done in the last ten minutes is not recorded yet.
INSERT INTO migration.legacy_hold (import_process_id, held_at, released_at, done_at)
SELECT id, planned_at, CASE WHEN first_error_code IS NOT NULL THEN settled_at END,
    CASE WHEN first_error_code IS NOT NULL OR wave_id < %(waves)s - 4 THEN settled_at END
FROM migration.import_process
WHERE wave_id BETWEEN %(first)s AND %(last)s AND mode = 'live';
INSERT INTO migration.hand_back (
    import_process_id, wave_id, state, attempt, code, path, reason, listed_at, owner, owned_at
)
SELECT id, wave_id, state, attempt, first_error_code, '/path', 'It is not what it should be.', settled_at, 'team', settled_at
FROM migration.import_process
WHERE wave_id BETWEEN %(first)s AND %(last)s AND mode = 'live' AND first_error_code IS NOT NULL;
INSERT INTO migration.late_change (import_process_id, kind, wave_id, changes, first_at, last_at, listed_at)
SELECT id, 'payment', wave_id, 1, planned_at, planned_at, planned_at
FROM migration.import_process
WHERE wave_id BETWEEN %(first)s AND %(last)s AND mode = 'live' AND id %% 500 = 0;
INSERT INTO migration.reconciliation_difference (
    wave_id, target_kraken, import_supplier, resource, kind, external_identifier, ours, theirs, found_at, seen_at,
    resolved_at
)
SELECT wave_id, target_kraken, import_supplier, resource, 'missing_at_kraken', external_identifier, 'a', 'b',
    planned_at, planned_at, CASE WHEN id %% 20000 <> 0 THEN planned_at END
FROM migration.import_process
WHERE wave_id BETWEEN %(first)s AND %(last)s AND mode = 'live' AND id %% 1000 = 0;
INSERT INTO migration.cohort (
    name, dialect, resource, mode, import_supplier, target_kraken, wave_date, rule, parameters, planned_at,
    claimed_by_wave
)
SELECT name, dialect, resource, mode, import_supplier, target_kraken, started_at, 'all', '{}', started_at, id
FROM migration.wave
WHERE id BETWEEN %(first)s AND %(last)s AND mode = 'live';
INSERT INTO migration.cohort_customer (
    cohort_id, target_kraken, import_supplier, resource, mode, external_identifier, priority, stratum
)
SELECT cohort.id, process.target_kraken, process.import_supplier, process.resource, process.mode,
    process.external_identifier, 1, 'all'
FROM migration.import_process AS process
JOIN migration.cohort ON cohort.claimed_by_wave = process.wave_id
WHERE process.wave_id BETWEEN %(first)s AND %(last)s;
INSERT INTO migration.reconciliation (
    wave_id, target_kraken, import_supplier, resource, source, counts, differences, reconciled_at, extent, watermark,
    doubts, compared_at, full_at
)
SELECT id, target_kraken, import_supplier, resource, 'listing', '{}', 0, started_at, 'skipped', 'watermark', '0',
    started_at, started_at
FROM migration.wave
CROSS JOIN generate_series(1, 30)
WHERE id BETWEEN %(first)s AND %(last)s AND mode = 'live';
INSERT INTO migration.wave_decision (wave_id, asked_at, decision, decided_by, decided_at)
SELECT id, asked_at, 'approved', 'operator', asked_at
FROM migration.wave
WHERE id BETWEEN %(first)s AND %(last)s

-- name: ends
-- What needs the indexes, or all waves.
INSERT INTO migration.rerun_item (rerun_id, import_process_id, wave_id, batch, state, attempt)
SELECT rerun.id, process.id, process.wave_id, process.batch, process.state, process.attempt
FROM migration.rerun
JOIN migration.wave USING (run_id)
JOIN migration.import_process AS process ON process.wave_id = wave.id AND process.begun_by_rerun = rerun.id;
-- A wave has claimed what is still its own, and what it has handed on.
INSERT INTO migration.handed_on (wave_id, batch, to_wave_id, customers, handed_on_at)
SELECT previous_wave_id, previous_batch, wave_id, count(*), min(planned_at)
FROM migration.import_process
WHERE previous_wave_id IS NOT NULL
GROUP BY wave_id, previous_wave_id, previous_batch;
INSERT INTO migration.handed_on_money (
    wave_id, batch, to_wave_id, stage, ledger, currency, customers, cents, handed_on_at
)
SELECT wave_id, batch, to_wave_id, stage, 'ENERGY', 'EUR', customers, customers * 100, handed_on_at
FROM migration.handed_on
CROSS JOIN unnest(ARRAY['legacy', 'payload']) AS stage;
UPDATE migration.wave
SET claimed = claimed + handed_on.customers
FROM migration.handed_on
WHERE handed_on.wave_id = wave.id;
UPDATE migration.batch
SET customers = batch.customers + handed_on.customers
FROM migration.handed_on
WHERE (handed_on.wave_id, handed_on.batch) = (batch.wave_id, batch.batch);
UPDATE migration.batch_money AS money
SET customers = money.customers + handed_on.customers, cents = money.cents + handed_on.customers * 100
FROM migration.handed_on
WHERE (handed_on.wave_id, handed_on.batch) = (money.wave_id, money.batch);
INSERT INTO migration.outage (target_kraken, is_silent, began_at, next_try_at, gives_up_at, ended_at)
SELECT target_kraken, true, started_at, started_at, started_at, started_at
FROM migration.wave
WHERE id %% 10 = 0
