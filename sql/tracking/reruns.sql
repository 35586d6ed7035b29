-- Reruns: records chosen out of any waves, and the settings of that run alone.

-- name: waves_named
SELECT id, name, dialect, mode, target_kraken, closed_at, stop_code, stop_reason
FROM migration.wave
WHERE id = %(id)s OR name = %(name)s
ORDER BY id

-- name: unknown_identifiers
-- The key of an import process begins with the import supplier: without one, Postgres reads the whole of it.
SELECT given.identifier
FROM unnest(%(identifiers)s::text[]) AS given (identifier)
WHERE NOT EXISTS (
    SELECT FROM migration.import_process AS process
    WHERE process.import_supplier = ANY (ARRAY(
            SELECT DISTINCT import_supplier FROM migration.wave
            WHERE dialect = %(dialect)s AND mode = %(mode)s AND target_kraken = %(target_kraken)s
        ))
        AND process.external_identifier = given.identifier
        AND process.dialect = %(dialect)s
        AND process.mode = %(mode)s
        AND process.target_kraken = %(target_kraken)s
)
ORDER BY given.identifier

-- name: insert_rerun
INSERT INTO migration.rerun (
    dialect, mode, target_kraken, requested_by, selection, requests_in_flight, failure_threshold,
    dag_id, run_id, requested_at, opened_at, cleared,
    package_version, mapping_digest, mapped_at
)
VALUES (
    %(dialect)s, %(mode)s, %(target_kraken)s, %(requested_by)s, %(selection)s, %(requests_in_flight)s,
    %(failure_threshold)s, %(dag_id)s, %(run_id)s, %(at)s, %(at)s, %(cleared)s,
    %(package_version)s, %(mapping_digest)s, %(at)s
)
RETURNING id

-- name: select_items
-- What is in Kraken is counted and left alone, whatever was asked for; so is what belongs to a closed wave.
WITH covered AS (
    SELECT process.id, process.wave_id, process.batch, process.state, process.attempt
    FROM migration.import_process AS process
    JOIN migration.wave
        ON wave.id = process.wave_id
        AND wave.closed_at IS NULL
        AND (wave.stop_code IS NULL OR wave.stop_code <> ALL (%(without)s))
    WHERE process.dialect = %(dialect)s
        AND process.mode = %(mode)s
        AND process.target_kraken = %(target_kraken)s
        AND (%(wave_id)s::bigint IS NULL OR process.wave_id = %(wave_id)s)
        AND (%(batch)s::integer IS NULL OR process.batch = %(batch)s)
        AND (%(states)s::text[] IS NULL OR process.state = ANY (%(states)s))
        AND process.erased_at IS NULL
        AND (
            %(selection_id)s::bigint IS NULL
            OR process.id = ANY (ARRAY(
                SELECT import_process_id FROM migration.selection_record WHERE selection_id = %(selection_id)s
            ))
        )
        AND (
            %(identifiers)s::text[] IS NULL
            OR (
                process.external_identifier = ANY (%(identifiers)s)
                -- By which the key of an import process begins.
                AND process.import_supplier = ANY (ARRAY(
                    SELECT DISTINCT import_supplier FROM migration.wave
                    WHERE dialect = %(dialect)s AND mode = %(mode)s AND target_kraken = %(target_kraken)s
                ))
            )
        )
        AND (
            (%(error_code)s::text IS NULL AND %(error_path)s::text IS NULL)
            OR EXISTS (
                SELECT FROM migration.import_error AS error
                WHERE error.import_process_id = process.id
                    AND error.attempt = process.attempt
                    AND error.severity = 'error'
                    AND (%(error_code)s::text IS NULL OR error.code = %(error_code)s)
                    AND (%(error_path)s::text IS NULL OR error.path = %(error_path)s)
            )
        )
), added AS (
    INSERT INTO migration.rerun_item (rerun_id, import_process_id, wave_id, batch, state, attempt)
    SELECT %(rerun_id)s, id, wave_id, batch, state, attempt
    FROM covered
    WHERE state <> ALL (%(succeeded)s)
    RETURNING import_process_id
)
UPDATE migration.rerun
SET records = (SELECT count(*) FROM added),
    in_kraken = (SELECT count(*) FROM covered WHERE state = ANY (%(succeeded)s))
WHERE id = %(rerun_id)s
RETURNING records, in_kraken

-- name: reopen
UPDATE migration.rerun
SET opened_at = %(at)s, stopped_at = NULL, stop_code = NULL, stop_reason = NULL, approved_at = NULL,
    finished_at = NULL, outcome = NULL, outcome_reason = NULL, opened_no = nextval('migration.occasion'),
    cleared = %(cleared)s
-- Clearing a run asks to go on, retrying a task does not. Where Airflow does not count clearings, each call is one.
WHERE id = %(rerun_id)s AND (%(cleared)s::integer IS NULL OR cleared IS DISTINCT FROM %(cleared)s)

-- name: remap
-- What is built from now on is built by this; another mapping counts from now.
UPDATE migration.rerun
SET package_version = %(package_version)s, mapping_digest = %(mapping_digest)s,
    mapped_at = CASE WHEN mapping_digest = %(mapping_digest)s THEN mapped_at ELSE %(at)s END
WHERE id = %(rerun_id)s
    AND (package_version, mapping_digest) IS DISTINCT FROM (%(package_version)s, %(mapping_digest)s)

-- name: find_run
SELECT id FROM migration.rerun WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s

-- name: load_rerun
SELECT id, dialect, mode, requested_by, selection, records, in_kraken, requests_in_flight,
    failure_threshold, run_id, opened_at, stopped_at, stop_code, stop_reason, outcome, outcome_reason,
    approved_at, target_kraken, package_version, mapping_digest
FROM migration.rerun
WHERE id = %(rerun_id)s

-- name: batches
SELECT DISTINCT wave_id, batch
FROM migration.rerun_item
WHERE rerun_id = %(rerun_id)s
ORDER BY wave_id, batch

-- name: batches_in_state
-- OFFSET 0, here and below: one probe for each record of the rerun, rather than all customers at once.
SELECT DISTINCT item.wave_id, item.batch
FROM migration.rerun_item AS item
CROSS JOIN LATERAL (
    SELECT state FROM migration.import_process WHERE id = item.import_process_id OFFSET 0
) AS process
WHERE item.rerun_id = %(rerun_id)s AND process.state = ANY (%(states)s)
ORDER BY item.wave_id, item.batch

-- name: items_of_wave
SELECT import_process_id
FROM migration.rerun_item
WHERE rerun_id = %(rerun_id)s AND wave_id = %(wave_id)s

-- name: ways
SELECT item.state AS from_state, process.state, count(*) AS records
FROM migration.rerun_item AS item
JOIN migration.import_process AS process ON process.id = item.import_process_id
WHERE item.rerun_id = %(rerun_id)s
    AND (%(wave_id)s::bigint IS NULL OR item.wave_id = %(wave_id)s)
    AND (%(batch)s::integer IS NULL OR item.batch = %(batch)s)
GROUP BY item.state, process.state
ORDER BY item.state, process.state

-- name: stop
-- The first reason stands: what follows it is usually a consequence.
UPDATE migration.rerun
SET stopped_at = %(at)s, stop_code = %(code)s, stop_reason = %(reason)s
WHERE id = %(rerun_id)s AND stopped_at IS NULL

-- name: finish
UPDATE migration.rerun
SET finished_at = %(at)s, outcome = %(outcome)s, outcome_reason = %(reason)s
WHERE id = %(rerun_id)s

-- name: hindrances
-- What keeps this rerun from creating, by wave that has something left; NULL where nothing does.
SELECT touched.wave_id, hindrance.stopped_at, hindrance.stop_code, hindrance.stop_reason
FROM (
    SELECT DISTINCT item.wave_id
    FROM migration.rerun_item AS item
    JOIN migration.import_process AS process ON process.id = item.import_process_id
    WHERE item.rerun_id = %(rerun_id)s AND process.state <> ALL (%(succeeded)s)
) AS touched
LEFT JOIN LATERAL migration.hindrance(touched.wave_id, %(rerun_id)s) AS hindrance ON true
ORDER BY touched.wave_id

-- name: asking_waves
-- Waves of the rerun that have a valid record and want it approved, and what they say about approval.
SELECT wave.id, wave.name, wave.approval_minutes, wave.four_eyes
FROM migration.wave
WHERE wave.id IN (
        SELECT item.wave_id
        FROM migration.rerun_item AS item
        CROSS JOIN LATERAL (
            SELECT state FROM migration.import_process WHERE id = item.import_process_id OFFSET 0
        ) AS process
        WHERE item.rerun_id = %(rerun_id)s AND process.state = 'valid'
    )
    AND EXISTS (
        SELECT FROM migration.licence(wave.id, %(rerun_id)s) AS licence WHERE licence.is_needed
    )
    AND NOT EXISTS (SELECT FROM migration.hindrance(wave.id, %(rerun_id)s))
ORDER BY wave.id

-- name: requires_four_eyes
SELECT coalesce(bool_or(four_eyes), false)
FROM migration.wave
WHERE id IN (SELECT wave_id FROM migration.rerun_item WHERE rerun_id = %(rerun_id)s)

-- name: mapped_otherwise
-- Waves of the rerun whose payloads another mapping has built, as far as that is known.
SELECT wave.id, wave.package_version, wave.mapping_digest
FROM migration.rerun
JOIN migration.wave
    ON wave.mapping_digest <> rerun.mapping_digest
    AND wave.id IN (SELECT wave_id FROM migration.rerun_item WHERE rerun_id = %(rerun_id)s)
WHERE rerun.id = %(rerun_id)s
ORDER BY wave.id

-- name: causes
SELECT process.state, process.first_error_code AS code, coalesce(process.first_error_path, '') AS path,
    process.is_built, process.on_create, count(*) AS records
FROM migration.rerun_item AS item
CROSS JOIN LATERAL (
    SELECT state, first_error_code, first_error_path, payload_hash IS NOT NULL AS is_built,
        state = 'invalid' AND EXISTS (
            SELECT FROM migration.import_error AS error
            WHERE error.import_process_id = refused.id AND error.attempt = refused.attempt
                AND error.stage = 'create'
        ) AS on_create
    FROM migration.import_process AS refused
    WHERE id = item.import_process_id
    OFFSET 0
) AS process
WHERE item.rerun_id = %(rerun_id)s AND process.state = ANY (%(states)s)
GROUP BY 1, 2, 3, 4, 5
ORDER BY records DESC, code, path
LIMIT %(most)s

-- name: left
-- Who is not through after a rerun, and why: the first error of each record's last try.
SELECT process.external_identifier, item.wave_id, item.state AS from_state, process.state,
    process.first_error_code AS code, coalesce(process.first_error_path, '') AS path,
    process.payload_hash IS NOT NULL AS is_built, coalesce(error.stage = 'create', false) AS on_create,
    coalesce(error.detail, '') AS detail
FROM migration.rerun_item AS item
JOIN migration.import_process AS process ON process.id = item.import_process_id
LEFT JOIN LATERAL (
    SELECT stage, detail
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
    ORDER BY id
    LIMIT 1
) AS error ON true
WHERE item.rerun_id = %(rerun_id)s AND process.state <> ALL (%(succeeded)s)
ORDER BY process.first_error_code, process.first_error_path, process.external_identifier

-- name: valid_cents
SELECT coalesce(sum(money.payload_cents), 0)
FROM migration.rerun_item AS item
CROSS JOIN LATERAL (
    SELECT id, state FROM migration.import_process WHERE id = item.import_process_id OFFSET 0
) AS process
CROSS JOIN LATERAL (
    SELECT ledger, currency, payload_cents
    FROM migration.record_money
    WHERE import_process_id = process.id
    OFFSET 0
) AS money
WHERE item.rerun_id = %(rerun_id)s
    AND process.state = 'valid'
    AND money.currency = %(currency)s
    AND (%(ledger)s = '' OR money.ledger = %(ledger)s)

-- name: lock
SELECT FROM migration.rerun WHERE id = %(rerun_id)s FOR UPDATE
