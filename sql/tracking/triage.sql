-- What did not come through, by cause and record by record. Who was erased is left out: nothing more is done there.

-- name: causes
-- By what was said of the last try; a record with several errors counts in each. Examples are numbers of records.
-- Of several waves a cause counts with the records of all of them. What is looked for stands in its code, path or words,
-- or in the legacy column behind its path, or behind the object around it.
WITH counted AS (
    SELECT process.wave_id, coalesce(error.code, '') AS code, coalesce(error.path, '') AS path,
        coalesce(error.stage, '') AS stage, coalesce(min(error.origin), '') AS origin,
        coalesce(min(error.detail), '') AS detail, count(DISTINCT process.id) AS records,
        count(DISTINCT process.id) FILTER (WHERE process.state = 'parked') AS parked,
        min(error.occurred_at) AS first_at, max(error.occurred_at) AS last_at,
        (array_agg(DISTINCT process.id))[1:3] AS examples
    FROM migration.left_records(%(wave_ids)s) AS process
    LEFT JOIN LATERAL (
        SELECT code, path, stage, origin, detail, occurred_at
        FROM migration.import_error
        WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
        OFFSET 0
    ) AS error ON true
    GROUP BY process.wave_id, error.code, error.path, error.stage
    HAVING (%(stage)s::text IS NULL OR error.stage = %(stage)s)
        AND (
            %(text)s::text IS NULL
            OR strpos(
                lower(concat_ws(' ', coalesce(error.code, %(no_error)s), error.path, min(error.detail))), %(text)s
            ) > 0
            OR EXISTS (
                SELECT FROM unnest(%(paths)s::text[]) AS mapped (path)
                WHERE error.path = mapped.path OR starts_with(error.path, mapped.path || '.')
            )
        )
), ranked AS (
    SELECT *, sum(records) OVER (PARTITION BY code, path, stage) AS total FROM counted
), placed AS (
    SELECT *, dense_rank() OVER (ORDER BY total DESC, code, path, stage) AS place FROM ranked
)
SELECT wave_id, code, path, stage, origin, detail, records, parked, first_at, last_at, examples,
    (SELECT max(place) FROM placed) AS causes
FROM placed
WHERE place <= %(most)s
ORDER BY place, wave_id

-- name: compared
-- The wave before it, and its rehearsal: that of a cohort of the same name, else the last of the dialect.
(
    SELECT 'before' AS what, earlier.id, earlier.name, earlier.claimed
    FROM migration.wave
    JOIN migration.wave AS earlier
        ON earlier.dialect = wave.dialect AND earlier.target_kraken = wave.target_kraken
        AND earlier.mode = wave.mode AND earlier.id < wave.id
    WHERE wave.id = %(wave_id)s
    ORDER BY earlier.id DESC
    LIMIT 1
)
UNION ALL
(
    SELECT 'rehearsal', earlier.id, earlier.name, earlier.claimed
    FROM migration.wave
    JOIN migration.wave AS earlier
        ON earlier.dialect = wave.dialect AND earlier.target_kraken = wave.target_kraken
        AND earlier.mode = 'rehearsal' AND earlier.id < wave.id
    WHERE wave.id = %(wave_id)s AND wave.mode = 'live'
    ORDER BY earlier.id = ANY (ARRAY(
            SELECT claimed_by_wave
            FROM migration.cohort
            WHERE mode = 'rehearsal' AND claimed_by_wave IS NOT NULL
                AND name IN (SELECT name FROM migration.cohort WHERE claimed_by_wave = %(wave_id)s)
        )) DESC, earlier.id DESC
    LIMIT 1
)

-- name: had
-- How many records of earlier waves had each of these errors in any try, mended since or not.
SELECT error.wave_id, error.code, error.path, error.stage, count(DISTINCT error.import_process_id) AS records
FROM unnest(%(codes)s::text[], %(paths)s::text[], %(stages)s::text[]) AS cause (code, path, stage)
JOIN migration.import_error AS error
    ON error.code = cause.code AND error.path = cause.path AND error.stage = cause.stage
WHERE error.wave_id = ANY (%(wave_ids)s) AND error.severity = 'error'
GROUP BY error.wave_id, error.code, error.path, error.stage

-- name: waves_with_some
-- The newest waves that are not closed and have something left.
SELECT wave.id
FROM migration.wave
WHERE wave.closed_at IS NULL AND wave.dialect = ANY (%(dialects)s)
    AND EXISTS (SELECT FROM migration.left_records(ARRAY[wave.id]))
ORDER BY wave.id DESC
LIMIT %(most)s

-- name: count
-- The digest tells one set of records from another of as many.
SELECT count(*) AS records, coalesce(bit_xor(hashint8extended(process.id, 0)), 0)::text AS digest
FROM migration.left_records(
    %(wave_ids)s, %(state)s, %(ids)s, %(code)s, %(path)s, %(stage)s
) AS process
WHERE %(among)s::bigint IS NULL
    OR EXISTS (
        SELECT FROM migration.selection_record AS chosen
        WHERE chosen.selection_id = %(among)s AND chosen.import_process_id = process.id
    )

-- name: records
-- A page of them, each with the first error that was meant, or else its first one. In the order of the index of what
-- is left: by number alone Postgres would read all records there are until a page is full.
SELECT process.id, process.external_identifier, process.wave_id, process.state, process.attempt,
    coalesce(error.stage, '') AS stage, coalesce(error.code, '') AS code, coalesce(error.path, '') AS path,
    coalesce(error.indexed_path, '') AS indexed_path, coalesce(error.detail, '') AS detail, error.occurred_at,
    back.owner, back.note
FROM migration.left_records(
    %(wave_ids)s, %(state)s, %(ids)s, %(code)s, %(path)s, %(stage)s
) AS process
LEFT JOIN LATERAL (
    SELECT stage, code, path, indexed_path, detail, occurred_at
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
    ORDER BY code IS DISTINCT FROM %(code)s, path IS DISTINCT FROM %(path)s, id
    LIMIT 1
) AS error ON true
LEFT JOIN LATERAL (
    SELECT owner, note
    FROM migration.hand_back
    WHERE import_process_id = process.id AND resolved_at IS NULL
    OFFSET 0
) AS back ON true
WHERE (process.wave_id, process.id) > (%(after_wave)s, %(after)s)
ORDER BY process.wave_id, process.id
LIMIT %(most)s
