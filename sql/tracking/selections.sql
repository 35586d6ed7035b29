-- Records that people chose: an order names the number of a selection, and no customer.

-- name: lock
-- Orders about records are compared with those under way one after the other.
SELECT pg_advisory_xact_lock(7204617159)

-- name: add
INSERT INTO migration.selection (dialect, described, made_by, made_at)
VALUES (%(dialect)s, %(described)s, %(made_by)s, migration.present())
RETURNING id

-- name: keep
-- The digest is that of `triage.count`.
WITH kept AS (
    INSERT INTO migration.selection_record (selection_id, import_process_id)
    SELECT %(selection_id)s, process.id
    FROM migration.left_records(
        %(wave_ids)s, %(state)s, %(ids)s, %(code)s, %(path)s, %(stage)s
    ) AS process
    RETURNING import_process_id
)
SELECT count(*) AS records, coalesce(bit_xor(hashint8extended(import_process_id, 0)), 0)::text AS digest FROM kept

-- name: keep_customers
-- Those of these customers that a dialect has in this mode, whatever became of them; of a wave if one is named.
-- The key of an import process begins with the import supplier. Returns which they are.
WITH found AS (
    SELECT process.id, process.external_identifier
    FROM migration.import_process AS process
    WHERE process.import_supplier = ANY (ARRAY(
            SELECT DISTINCT import_supplier FROM migration.wave WHERE dialect = %(dialect)s AND mode = %(mode)s
        ))
        AND process.external_identifier = ANY (%(identifiers)s)
        AND process.dialect = %(dialect)s
        AND process.mode = %(mode)s
        AND (%(wave_id)s::bigint IS NULL OR process.wave_id = %(wave_id)s)
), kept AS (
    INSERT INTO migration.selection_record (selection_id, import_process_id)
    SELECT %(selection_id)s, id FROM found
)
SELECT DISTINCT external_identifier FROM found

-- name: find
SELECT id, dialect, described, made_by, made_at,
    (SELECT count(*) FROM migration.selection_record WHERE selection_id = selection.id) AS records
FROM migration.selection
WHERE id = %(selection_id)s

-- name: spread
-- In which modes, Krakens and waves its records are.
SELECT DISTINCT process.mode, process.target_kraken, process.wave_id
FROM migration.selection_record AS chosen
JOIN migration.import_process AS process ON process.id = chosen.import_process_id
WHERE chosen.selection_id = %(selection_id)s
ORDER BY process.wave_id

-- name: identifiers
SELECT DISTINCT process.external_identifier
FROM migration.selection_record AS chosen
JOIN migration.import_process AS process ON process.id = chosen.import_process_id
WHERE chosen.selection_id = %(selection_id)s
ORDER BY process.external_identifier

-- name: orders_under_way
-- Orders about chosen records of these dialects, other than one, that have not ended.
SELECT id
FROM migration.console_action
WHERE ended_at IS NULL AND selection_id IS NOT NULL AND dialect = %(dialect)s AND kind = ANY (%(kinds)s)
    AND id <> %(id)s
ORDER BY ordered_at

-- name: decided
-- How many of its records people decided about since.
SELECT count(DISTINCT decision.import_process_id)
FROM migration.selection_record AS chosen
JOIN migration.record_decision AS decision ON decision.import_process_id = chosen.import_process_id
WHERE chosen.selection_id = %(selection_id)s AND decision.decided_at >= %(since)s

-- name: own
-- What has an owner keeps it.
UPDATE migration.hand_back
SET owner = %(owner)s, owned_at = migration.present(), note = coalesce(%(note)s, note)
WHERE import_process_id IN (
        SELECT import_process_id FROM migration.selection_record WHERE selection_id = %(selection_id)s
    )
    AND resolved_at IS NULL
    AND owner IS NULL

-- name: lines
-- A page of its records for a list: how each stands now, and the first error of its last try.
SELECT process.id, process.external_identifier, process.wave_id, process.state, process.attempt,
    coalesce(error.stage, '') AS stage, coalesce(error.code, '') AS code, coalesce(error.path, '') AS path,
    coalesce(error.indexed_path, '') AS indexed_path, coalesce(error.detail, '') AS detail, error.occurred_at,
    back.owner, back.note
FROM migration.selection_record AS chosen
JOIN migration.import_process AS process ON process.id = chosen.import_process_id
LEFT JOIN LATERAL (
    SELECT stage, code, path, indexed_path, detail, occurred_at
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
    ORDER BY id
    LIMIT 1
) AS error ON true
LEFT JOIN LATERAL (
    SELECT owner, note
    FROM migration.hand_back
    WHERE import_process_id = process.id AND resolved_at IS NULL
    OFFSET 0
) AS back ON true
WHERE chosen.selection_id = %(selection_id)s AND chosen.import_process_id > %(after)s
ORDER BY chosen.import_process_id
LIMIT %(most)s
