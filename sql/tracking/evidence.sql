-- Payloads, answers and errors.

-- name: payloads_of
SELECT payload.import_process_id, payload.wave_id, payload.attempt, payload.body
FROM migration.payload AS payload
JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(wave_ids)s::bigint[])
    AS wanted (id, attempt, wave_id)
    ON wanted.id = payload.import_process_id
    AND wanted.attempt = payload.attempt
    AND wanted.wave_id = payload.wave_id
-- Said once more as a list, by which Postgres passes over the partitions of other waves.
WHERE payload.wave_id = ANY (%(partitions)s)

-- name: payloads_and_earlier
-- What was built for these tries, and without their payloads the other tries that were built for the same customers at
-- the same Kraken, in whatever wave: the same record's, and those of its rehearsal, or of its live import.
-- OFFSET 0: one probe of the indexes for each record, however many there are of the wave.
WITH wanted AS MATERIALIZED (
    SELECT id, attempt, wave_id
    FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(wave_ids)s::bigint[]) AS given (id, attempt, wave_id)
)
SELECT wanted.id AS of_id, wanted.id AS import_process_id, wanted.wave_id, wanted.attempt, payload.body
FROM wanted
JOIN migration.payload AS payload
    ON payload.import_process_id = wanted.id
    AND payload.attempt = wanted.attempt
    AND payload.wave_id = wanted.wave_id
WHERE payload.wave_id = ANY (%(partitions)s)
UNION ALL
SELECT wanted.id, tried.import_process_id, tried.wave_id, tried.attempt, NULL
FROM wanted
CROSS JOIN LATERAL (
    SELECT import_supplier, external_identifier, resource, target_kraken
    FROM migration.import_process
    WHERE id = wanted.id
    OFFSET 0
) AS process
CROSS JOIN LATERAL (
    SELECT id
    FROM migration.import_process
    WHERE import_supplier = process.import_supplier
        AND external_identifier = process.external_identifier
        AND resource = process.resource
        AND target_kraken = process.target_kraken
    OFFSET 0
) AS alike
CROSS JOIN LATERAL (
    SELECT import_process_id, wave_id, attempt
    FROM migration.import_attempt
    WHERE import_process_id = alike.id AND payload_hash IS NOT NULL
    OFFSET 0
) AS tried
WHERE (tried.import_process_id, tried.attempt) <> (wanted.id, wanted.attempt)

-- name: restored
-- Of these records Kraken may have an import that this database does not know any more.
SELECT id
FROM migration.import_process
WHERE id = ANY (%(ids)s) AND migration.looks_up_first(target_kraken, import_supplier, resource)

-- name: insert_errors
INSERT INTO migration.import_error (
    import_process_id, attempt, wave_id, stage, origin, severity, code, path, indexed_path, detail,
    domain, event, is_named, occurred_at
)
SELECT id, attempt, wave_id, %(stage)s, origin, severity, code, path, indexed_path, detail,
    nullif(domain, ''), nullif(event, ''), is_named, %(at)s
FROM unnest(
    %(ids)s::bigint[], %(attempts)s::integer[], %(wave_ids)s::bigint[], %(origins)s::text[],
    %(severities)s::text[], %(codes)s::text[], %(paths)s::text[], %(indexed_paths)s::text[],
    %(details)s::text[], %(domains)s::text[], %(events)s::text[], %(named)s::boolean[]
) AS given (
    id, attempt, wave_id, origin, severity, code, path, indexed_path, detail, domain, event, is_named
)

-- name: copy_payloads
COPY migration.payload (wave_id, import_process_id, attempt, body, built_at) FROM STDIN WITH (FORMAT binary)

-- name: insert_answers
-- A wave whose partition was dropped has no place for answers; what they prove is still recorded.
INSERT INTO migration.answer (
    wave_id, import_process_id, attempt, stage, http_status, body, received_at
)
SELECT wave_id, id, attempt, %(stage)s, http_status, body, %(at)s
FROM unnest(
    %(wave_ids)s::bigint[], %(ids)s::bigint[], %(attempts)s::integer[],
    %(http_statuses)s::integer[], %(bodies)s::bytea[]
) AS given (wave_id, id, attempt, http_status, body)
WHERE wave_id IN (
    SELECT named.wave_id
    FROM (SELECT DISTINCT unnest(%(wave_ids)s::bigint[]) AS wave_id) AS named
    JOIN pg_inherits AS partition
        ON partition.inhrelid = to_regclass('migration.answer_wave_' || named.wave_id)
        AND partition.inhparent = 'migration.answer'::regclass
)
