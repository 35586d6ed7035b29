-- Payloads, answers and errors.

-- name: payloads_of
SELECT payload.import_process_id, payload.body
FROM migration.payload AS payload
JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(wave_ids)s::bigint[])
    AS wanted (id, attempt, wave_id)
    ON wanted.id = payload.import_process_id
    AND wanted.attempt = payload.attempt
    AND wanted.wave_id = payload.wave_id
-- Said once more as a list, by which Postgres passes over the partitions of other waves.
WHERE payload.wave_id = ANY (%(partitions)s)

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
