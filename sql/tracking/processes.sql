-- Import processes: claimed, built, moved through their life. Every statement works on a whole set.

-- name: lock_claiming
-- No erasure begins until the transaction ends: it would not see the rows of this plan. Plans do not wait for each other.
SELECT pg_advisory_xact_lock_shared(7204617157)

-- name: claim
-- Two waves never share a customer: the wave that inserts the key first has it. Free again are customers whom a
-- cancelled wave has not begun to create and, by name, those whose rehearsal has ended or whom a purged wave did
-- not migrate. A rehearsal by number leaves out customers whom Kraken has, or is about to have.
-- OFFSET 0 makes it one probe of the index a key: a plan's own rows have no statistics before it commits,
-- and without them Postgres joins each page with the whole table, key by key.
WITH candidate AS (
    SELECT key.external_identifier, row_number() OVER (ORDER BY key.position) - 1 AS position
    FROM unnest(%(identifiers)s::text[]) WITH ORDINALITY AS key (external_identifier, position)
    WHERE NOT EXISTS (
        SELECT FROM migration.import_process AS process
        JOIN migration.wave ON wave.id = process.wave_id
        WHERE process.import_supplier = %(import_supplier)s
            AND process.external_identifier = key.external_identifier
            AND process.resource = %(resource)s
            AND process.target_kraken = %(target_kraken)s
            AND CASE process.mode
                WHEN %(mode)s THEN NOT (
                    process.state = ANY (%(repeatable)s)
                    OR (wave.stop_code IS NOT DISTINCT FROM 'cancelled' AND process.state = ANY (%(rebuildable)s))
                    OR (wave.purged_at IS NOT NULL AND process.state = ANY (%(left_behind)s))
                )
                ELSE process.state = ANY (%(in_the_way)s)
            END
        OFFSET 0
    )
        -- A customer who was erased here may be in Kraken.
        AND (
            NOT EXISTS (SELECT FROM migration.erasure)
            OR NOT migration.is_erased(%(import_supplier)s, key.external_identifier)
        )
    ORDER BY key.position
    LIMIT %(most)s
), claimed AS (
    INSERT INTO migration.import_process AS process (
        target_kraken, mode, resource, import_supplier, external_identifier, dialect, wave_id, batch,
        airflow_run, planned_at
    )
    SELECT
        %(target_kraken)s, %(mode)s, %(resource)s, %(import_supplier)s, external_identifier,
        %(dialect)s, %(wave_id)s, (%(offset)s + position) / %(batch_size)s, %(airflow_run)s, %(at)s
    FROM candidate
    ORDER BY position
    ON CONFLICT (import_supplier, external_identifier, resource, mode, target_kraken) DO UPDATE
    SET dialect = excluded.dialect, wave_id = excluded.wave_id, batch = excluded.batch,
        airflow_run = excluded.airflow_run, state = excluded.state, planned_at = excluded.planned_at,
        previous_wave_id = process.wave_id, previous_batch = process.batch,
        payload_hash = NULL, payload_bytes = NULL, watermark = NULL,
        first_error_code = NULL, first_error_path = NULL, kraken_status = NULL, kraken_identifier = NULL,
        built_at = NULL, validated_at = NULL, intended_at = NULL, evidence_from = NULL, created_at = NULL,
        polled_at = NULL, settled_at = NULL, doubted_at = NULL, doubts = 0, parked_from = NULL,
        begun_by_rerun = NULL
    -- Judged again on the row as it is now: another wave may have been quicker.
    WHERE process.wave_id <> excluded.wave_id
        AND (
            process.state = ANY (%(repeatable)s)
            OR EXISTS (
                SELECT FROM migration.wave
                WHERE id = process.wave_id
                    AND (
                        (stop_code = 'cancelled' AND process.state = ANY (%(rebuildable)s))
                        OR (purged_at IS NOT NULL AND process.state = ANY (%(left_behind)s))
                    )
            )
        )
    RETURNING process.id, process.attempt, process.previous_wave_id, process.previous_batch
), logged AS (
    INSERT INTO migration.import_event (import_process_id, attempt, wave_id, to_state, occurred_at)
    SELECT id, attempt, %(wave_id)s, 'planned', %(at)s FROM claimed
), handed_on AS (
    INSERT INTO migration.handed_on (wave_id, batch, to_wave_id, customers, handed_on_at)
    SELECT previous_wave_id, previous_batch, %(wave_id)s, count(*), %(at)s
    FROM claimed
    WHERE previous_wave_id IS NOT NULL
    GROUP BY previous_wave_id, previous_batch
)
SELECT (SELECT count(*) FROM candidate) AS free, (SELECT count(*) FROM claimed) AS claimed

-- name: rebuildable
-- A rerun takes its own records only, and of those that were refused or that Kraken ended the attempt that it
-- was asked to open again: what it has tried itself, it does not try once more when its run is cleared.
-- OFFSET 0: one probe for each record of the batch, rather than all that the rerun has in other batches.
SELECT process.id, process.external_identifier, process.attempt
FROM migration.import_process AS process
LEFT JOIN LATERAL (
    SELECT rerun_id, attempt
    FROM migration.rerun_item
    WHERE rerun_id = %(rerun_id)s AND import_process_id = process.id
    OFFSET 0
) AS item ON true
WHERE process.wave_id = %(wave_id)s AND process.batch = %(batch)s
    AND (
        process.state = ANY (%(states)s)
        OR (process.state = ANY (%(reopenable)s) AND item.attempt = process.attempt)
    )
    AND (%(rerun_id)s::bigint IS NULL OR item.rerun_id IS NOT NULL)
    AND process.erased_at IS NULL
ORDER BY process.id

-- name: refused_unfinished
-- A build says that it has ended with its last block (`record_watermark`): what was refused after the last end was
-- refused by a build that broke off.
SELECT process.id, process.external_identifier, process.attempt
FROM migration.import_process AS process
JOIN migration.batch ON batch.wave_id = process.wave_id AND batch.batch = process.batch
WHERE process.wave_id = %(wave_id)s AND process.batch = %(batch)s
    AND process.state = 'rejected'
    AND process.begun_by_rerun IS NULL
    AND (batch.built_at IS NULL OR process.built_at > batch.built_at)
    AND process.erased_at IS NULL
ORDER BY process.id

-- name: record_build
-- A build begins a new attempt; a process whose create may be outstanding keeps its payload. What Kraken
-- has ended is opened again for a rerun, for the attempt that it selected; the end stays in the history.
-- A worker that was stalled while another built the same record changes nothing: it has seen an older attempt.
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(ids)s::bigint[], %(attempts)s::integer[], %(to_states)s::text[], %(hashes)s::bytea[],
        %(sizes)s::integer[], %(codes)s::text[], %(paths)s::text[]
    ) AS given (id, attempt, to_state, payload_hash, payload_bytes, error_code, error_path)
), locked AS (
    SELECT process.id, process.state, process.attempt
    FROM migration.import_process AS process
    JOIN incoming USING (id)
    WHERE process.wave_id = %(wave_id)s
    ORDER BY process.id
    FOR UPDATE OF process
), built AS (
    UPDATE migration.import_process AS process
    SET state = incoming.to_state,
        attempt = process.attempt + 1,
        airflow_run = coalesce(%(airflow_run)s, process.airflow_run),
        begun_by_rerun = %(rerun_id)s,
        watermark = %(watermark)s,
        kraken_status = CASE WHEN locked.state <> ALL (%(reopenable)s) THEN process.kraken_status END,
        kraken_identifier = CASE WHEN locked.state <> ALL (%(reopenable)s) THEN process.kraken_identifier END,
        created_at = CASE WHEN locked.state <> ALL (%(reopenable)s) THEN process.created_at END,
        polled_at = CASE WHEN locked.state <> ALL (%(reopenable)s) THEN process.polled_at END,
        payload_hash = incoming.payload_hash,
        payload_bytes = incoming.payload_bytes,
        first_error_code = incoming.error_code,
        first_error_path = incoming.error_path,
        built_at = %(at)s,
        validated_at = NULL,
        doubted_at = NULL,
        doubts = 0,
        settled_at = CASE WHEN incoming.to_state = ANY (%(settled)s) THEN %(at)s::timestamptz END
    FROM incoming
    JOIN locked USING (id)
    JOIN unnest(%(legal_from)s::text[], %(legal_to)s::text[]) AS legal (from_state, to_state)
        ON legal.from_state = locked.state AND legal.to_state = incoming.to_state
    WHERE process.id = incoming.id
        AND locked.attempt = incoming.attempt
        AND (
            locked.state <> ALL (%(reopenable)s)
            OR EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = %(rerun_id)s
                    AND item.import_process_id = process.id
                    AND item.attempt = locked.attempt
            )
        )
    RETURNING process.id, process.attempt, process.wave_id, process.batch, process.airflow_run,
        locked.state AS from_state, process.state AS to_state, process.payload_hash,
        process.settled_at, process.first_error_code, process.first_error_path, process.begun_by_rerun
), logged AS (
    INSERT INTO migration.import_event (
        import_process_id, attempt, wave_id, from_state, to_state, occurred_at, error_code, error_path,
        begun_by_rerun
    )
    SELECT id, attempt, wave_id, from_state, to_state, %(at)s, first_error_code, first_error_path,
        begun_by_rerun
    FROM built
), tried AS (
    INSERT INTO migration.import_attempt (
        import_process_id, attempt, wave_id, batch, airflow_run, payload_hash, started_at,
        settled_at, outcome
    )
    SELECT id, attempt, wave_id, batch, airflow_run, payload_hash, %(at)s, settled_at,
        CASE WHEN settled_at IS NOT NULL THEN to_state END
    FROM built
)
SELECT id, attempt FROM built

-- name: with_payload
SELECT process.id, process.external_identifier, process.attempt, process.doubts, payload.body
FROM migration.import_process AS process
JOIN migration.payload AS payload
    ON payload.wave_id = %(wave_id)s
    AND payload.import_process_id = process.id
    AND payload.attempt = process.attempt
WHERE process.wave_id = %(wave_id)s
    AND process.batch = %(batch)s
    AND process.state = ANY (%(states)s)
    AND process.id > %(after)s
    AND (
        %(rerun_id)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM migration.rerun_item AS item
            WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
        )
    )
ORDER BY process.id
LIMIT %(most)s

-- name: intend
-- The intent is committed before the request leaves, and only while the wave may create, and only of what was
-- approved where that is needed. Orders wait for the locks, and the last statement sees orders that came before; so
-- does the order that says that this database was restored.
LOCK TABLE migration.restored IN ACCESS SHARE MODE;
SELECT FROM migration.wave WHERE id = %(wave_id)s FOR SHARE;
SELECT FROM migration.rerun WHERE id = %(rerun_id)s FOR SHARE;
WITH picked AS (
    SELECT process.id
    FROM migration.import_process AS process
    CROSS JOIN migration.licence(%(wave_id)s, %(rerun_id)s) AS licence
    WHERE process.wave_id = %(wave_id)s AND process.batch = %(batch)s AND process.state = ANY (%(states)s)
        -- What a batch has created already is not read again for each chunk.
        AND process.id > %(after)s
        AND (SELECT migration.may_create(%(wave_id)s, %(rerun_id)s))
        AND (
            NOT licence.is_needed
            OR (process.question = licence.question AND process.question_attempt = process.attempt)
        )
        AND (
            %(rerun_id)s::bigint IS NULL
            OR EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
            )
        )
    ORDER BY process.id
    LIMIT %(most)s
    FOR UPDATE OF process
), intended AS (
    UPDATE migration.import_process AS process
    SET state = 'creating', intended_at = migration.present(), evidence_from = migration.present(),
        doubted_at = NULL
    FROM picked
    WHERE process.id = picked.id AND process.state = ANY (%(states)s)
    RETURNING process.id, process.external_identifier, process.attempt, process.doubts, process.begun_by_rerun
), logged AS (
    INSERT INTO migration.import_event (
        import_process_id, attempt, wave_id, from_state, to_state, occurred_at, begun_by_rerun
    )
    SELECT id, attempt, %(wave_id)s, 'valid', 'creating', %(at)s, begun_by_rerun FROM intended
)
SELECT intended.id, intended.external_identifier, intended.attempt, intended.doubts, payload.body,
    EXISTS (
        SELECT FROM migration.import_attempt AS earlier
        WHERE earlier.import_process_id = intended.id
            AND earlier.attempt < intended.attempt
            AND earlier.outcome = ANY (%(reopenable)s)
    ) AS ended_before,
    (
        SELECT migration.looks_up_first(wave.target_kraken, wave.import_supplier, wave.resource)
        FROM migration.wave
        WHERE wave.id = %(wave_id)s
    ) AS is_restored
FROM intended
JOIN migration.payload AS payload
    ON payload.wave_id = %(wave_id)s
    AND payload.import_process_id = intended.id
    AND payload.attempt = intended.attempt
ORDER BY intended.id

-- name: move
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(ids)s::bigint[], %(attempts)s::integer[], %(to_states)s::text[],
        %(kraken_statuses)s::text[], %(kraken_identifiers)s::text[], %(adopted)s::boolean[],
        %(doubts)s::integer[], %(intended)s::timestamptz[], %(codes)s::text[], %(paths)s::text[]
    ) AS given (
        id, attempt, to_state, kraken_status, kraken_identifier, adopted, doubts, intended_at, error_code,
        error_path
    )
), locked AS (
    SELECT process.id, process.state
    FROM migration.import_process AS process
    -- An answer about an earlier create of the same try says nothing of a later one.
    JOIN incoming
        ON incoming.id = process.id
        AND incoming.attempt = process.attempt
        AND (incoming.intended_at IS NULL OR incoming.intended_at = process.intended_at)
    ORDER BY process.id
    FOR UPDATE OF process
), moved AS (
    UPDATE migration.import_process AS process
    SET state = incoming.to_state,
        kraken_status = coalesce(incoming.kraken_status, process.kraken_status),
        kraken_identifier = coalesce(incoming.kraken_identifier, process.kraken_identifier),
        evidence_from = CASE WHEN NOT incoming.adopted THEN process.evidence_from END,
        -- What was wrong on the way is in the history: of who has arrived, nothing is wrong.
        first_error_code = CASE
            WHEN incoming.to_state <> ALL (%(succeeded)s)
                THEN coalesce(process.first_error_code, incoming.error_code)
        END,
        first_error_path = CASE
            WHEN incoming.to_state = ANY (%(succeeded)s) THEN NULL
            WHEN process.first_error_code IS NULL THEN incoming.error_path
            ELSE process.first_error_path
        END,
        validated_at = CASE
            WHEN locked.state = 'built' THEN %(at)s ELSE process.validated_at
        END,
        created_at = CASE
            WHEN locked.state = 'creating' AND incoming.to_state = ANY (%(at_kraken)s)
                THEN migration.present()
            ELSE process.created_at
        END,
        doubted_at = CASE incoming.to_state
            WHEN 'missing' THEN migration.present()
            WHEN 'parked' THEN process.doubted_at
        END,
        -- A validation that was not answered says nothing of creates.
        doubts = CASE locked.state WHEN 'built' THEN 0 ELSE process.doubts END + incoming.doubts,
        parked_from = CASE WHEN incoming.to_state = 'parked' THEN locked.state END,
        polled_at = CASE
            WHEN incoming.kraken_status IS NOT NULL THEN migration.present() ELSE process.polled_at
        END,
        settled_at = CASE WHEN incoming.to_state = ANY (%(settled)s) THEN %(at)s::timestamptz END
    FROM incoming
    JOIN locked USING (id)
    JOIN unnest(%(legal_from)s::text[], %(legal_to)s::text[]) AS legal (from_state, to_state)
        ON legal.from_state = locked.state AND legal.to_state = incoming.to_state
    WHERE process.id = incoming.id
    RETURNING process.id, process.attempt, process.wave_id, locked.state AS from_state,
        process.state AS to_state, process.settled_at, incoming.error_code, incoming.error_path,
        process.begun_by_rerun
), logged AS (
    INSERT INTO migration.import_event (
        import_process_id, attempt, wave_id, from_state, to_state, occurred_at, error_code, error_path,
        begun_by_rerun
    )
    SELECT id, attempt, wave_id, from_state, to_state, %(at)s, error_code, error_path, begun_by_rerun
    FROM moved
), ended AS (
    UPDATE migration.import_attempt AS attempt
    SET settled_at = moved.settled_at, outcome = moved.to_state
    FROM moved
    WHERE attempt.import_process_id = moved.id
        AND attempt.attempt = moved.attempt
        AND moved.settled_at IS NOT NULL
)
SELECT id, wave_id, to_state FROM moved

-- name: in_doubt
SELECT id, wave_id, batch, external_identifier, attempt, state, intended_at, evidence_from, created_at, doubted_at,
    doubts, kraken_identifier, migration.present() AS seen_at
FROM migration.import_process AS process
WHERE wave_id = %(wave_id)s AND batch = %(batch)s AND state = ANY (%(states)s)
    AND (
        %(rerun_id)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM migration.rerun_item AS item
            WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
        )
    )
ORDER BY id

-- name: doubt
-- Their requests have ended. `counts`: Kraken answered others meanwhile, so the doubt is about the record itself.
UPDATE migration.import_process AS process
SET doubted_at = migration.present(), doubts = process.doubts + %(counts)s::integer
FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS given (id, attempt)
WHERE process.id = given.id AND process.attempt = given.attempt AND process.state = 'creating'

-- name: doubt_built
-- Validations that were not answered while others were.
UPDATE migration.import_process
SET doubts = doubts + 1
WHERE id = ANY (%(ids)s) AND state = 'built'

-- name: rebase
-- The clock was set back: a future time proves nothing, so the doubt begins now. What Kraken made a little earlier
-- may be from this create.
UPDATE migration.import_process
SET intended_at = migration.present(), doubted_at = NULL,
    evidence_from = migration.present() - interval '10 minutes'
WHERE id = ANY (%(ids)s) AND greatest(intended_at, doubted_at) > migration.present()

-- name: free
-- A rerun tries parked records again: they go back to the state they had before.
WITH freed AS (
    UPDATE migration.import_process AS process
    -- One doubt is kept: what cannot be proved again is this record's own trouble.
    SET state = process.parked_from, parked_from = NULL, doubts = 1,
        doubted_at = CASE process.parked_from WHEN 'missing' THEN migration.present() END
    FROM migration.rerun_item AS item
    WHERE item.rerun_id = %(rerun)s AND item.import_process_id = process.id AND process.state = 'parked'
    RETURNING process.id, process.attempt, process.wave_id, process.state, process.begun_by_rerun
)
INSERT INTO migration.import_event (
    import_process_id, attempt, wave_id, from_state, to_state, occurred_at, begun_by_rerun
)
SELECT id, attempt, wave_id, 'parked', state, %(at)s, begun_by_rerun FROM freed

-- name: present
SELECT migration.present()

-- name: any_validated
SELECT EXISTS (
    SELECT FROM migration.import_process WHERE wave_id = %(wave_id)s AND validated_at IS NOT NULL
)
