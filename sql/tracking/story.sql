-- What became of one customer.

-- name: records
-- The key of an import process begins with the import supplier, so those of all waves are named.
SELECT process.id, process.external_identifier, process.dialect, process.mode, process.target_kraken,
    process.import_supplier, process.wave_id, wave.name AS wave_name, process.batch, process.state,
    process.parked_from, process.attempt, process.kraken_status, process.kraken_identifier, process.erased_at
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
WHERE process.import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.wave))
    AND process.external_identifier = %(external_identifier)s
ORDER BY process.id

-- name: record
SELECT process.id, process.external_identifier, process.dialect, process.mode, process.target_kraken,
    process.import_supplier, process.wave_id, wave.name AS wave_name, process.batch, process.state,
    process.parked_from, process.attempt, process.kraken_status, process.kraken_identifier, process.erased_at
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
WHERE process.id = %(id)s

-- name: tries
-- What built a try is what its wave, or its rerun, was mapped by then; of what was mapped later nothing is known.
SELECT attempt.import_process_id, attempt.attempt, attempt.wave_id, attempt.airflow_run, attempt.started_at,
    attempt.settled_at, attempt.outcome,
    CASE
        WHEN attempt.airflow_run <> wave.run_id THEN rerun.package_version
        WHEN attempt.started_at >= wave.mapped_at THEN wave.package_version
    END AS package_version,
    CASE
        WHEN attempt.airflow_run <> wave.run_id THEN rerun.mapping_digest
        WHEN attempt.started_at >= wave.mapped_at THEN wave.mapping_digest
    END AS mapping_digest
FROM migration.import_attempt AS attempt
JOIN migration.wave ON wave.id = attempt.wave_id
LEFT JOIN migration.rerun
    ON rerun.dialect = wave.dialect AND rerun.run_id = attempt.airflow_run
    AND attempt.started_at >= rerun.mapped_at
WHERE attempt.import_process_id = ANY (%(ids)s)
ORDER BY attempt.import_process_id, attempt.attempt

-- name: moves
SELECT import_process_id, attempt, wave_id, from_state, to_state, occurred_at, error_code, error_path
FROM migration.import_event
WHERE import_process_id = ANY (%(ids)s)
ORDER BY import_process_id, id

-- name: errors
SELECT import_process_id, attempt, wave_id, stage, origin, severity, code, path, indexed_path, detail, occurred_at
FROM migration.import_error
WHERE import_process_id = ANY (%(ids)s)
ORDER BY import_process_id, id

-- name: decisions
SELECT import_process_id, attempt, decided_at, answer, decided_by, reason, from_state, to_state
FROM migration.record_decision
WHERE import_process_id = ANY (%(ids)s)
ORDER BY import_process_id, decided_at

-- name: payloads
SELECT import_process_id, attempt, wave_id, body, built_at
FROM migration.payload
WHERE import_process_id = ANY (%(ids)s) AND wave_id = ANY (%(partitions)s)
ORDER BY import_process_id, attempt

-- name: answers
SELECT import_process_id, attempt, wave_id, stage, http_status, body, received_at
FROM migration.answer
WHERE import_process_id = ANY (%(ids)s) AND wave_id = ANY (%(partitions)s)
ORDER BY import_process_id, received_at

-- name: reruns
-- A rerun stays in its dialect, Kraken and mode, so only those are asked whether they have the record.
SELECT rerun.id, item.attempt, rerun.requested_by, rerun.requested_at, rerun.finished_at, rerun.outcome
FROM migration.import_process AS process
JOIN migration.rerun
    ON rerun.dialect = process.dialect AND rerun.mode = process.mode
    AND rerun.target_kraken = process.target_kraken
JOIN migration.rerun_item AS item ON item.rerun_id = rerun.id AND item.import_process_id = process.id
WHERE process.id = %(id)s
ORDER BY rerun.id

-- name: differences
-- What reconciliation found, in the waves in which the record was tried.
SELECT difference.wave_id, difference.kind, difference.found_at, difference.resolved_at, difference.owner
FROM migration.import_process AS process
JOIN migration.reconciliation_difference AS difference
    ON difference.import_supplier = process.import_supplier
    AND difference.target_kraken = process.target_kraken
    AND difference.external_identifier = process.external_identifier
WHERE process.id = %(id)s AND process.mode = 'live' AND difference.wave_id = ANY (%(wave_ids)s)
ORDER BY difference.id

-- name: hand_back
SELECT code, owner, note, listed_at, owned_at, resolved_at
FROM migration.hand_back
WHERE import_process_id = %(id)s

-- name: orders
SELECT action.id, action.kind, action.ordered_by, action.ordered_at, action.reason, action.outcome
FROM migration.selection_record AS chosen
JOIN migration.console_action AS action ON action.selection_id = chosen.selection_id
WHERE chosen.import_process_id = %(id)s
ORDER BY action.ordered_at

-- name: look
INSERT INTO migration.personal_look (import_process_id, looked_by, looked_at)
VALUES (%(id)s, %(looked_by)s, migration.present())

-- name: looks
SELECT looked_by, looked_at
FROM migration.personal_look
WHERE import_process_id = %(id)s
ORDER BY id DESC
LIMIT %(most)s
