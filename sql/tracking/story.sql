-- What became of one customer.

-- name: records
-- The key of an import process begins with the import supplier, so those of all waves are named.
SELECT process.id, process.external_identifier, process.dialect, process.mode, process.target_kraken,
    process.import_supplier, process.wave_id, wave.name AS wave_name, process.batch, process.state,
    process.parked_from, process.attempt, process.kraken_status, process.kraken_identifier
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
WHERE process.import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.wave))
    AND process.external_identifier = %(external_identifier)s
ORDER BY process.id

-- name: tries
SELECT import_process_id, attempt, wave_id, airflow_run, started_at, settled_at, outcome
FROM migration.import_attempt
WHERE import_process_id = ANY (%(ids)s)
ORDER BY import_process_id, attempt

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
