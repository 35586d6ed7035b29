-- Rows by frame: what each frame's SQL delivered when a batch was built.

-- name: clear
-- A build of the whole batch replaces what was counted before; that of a part only what a part counted.
DELETE FROM migration.batch_frame AS counted
USING migration.batch
WHERE batch.wave_id = %(wave_id)s
    AND batch.batch = %(batch)s
    AND counted.wave_id = batch.wave_id
    AND counted.batch = batch.batch
    AND (counted.again OR %(customers)s >= batch.customers)

-- name: add
INSERT INTO migration.batch_frame (wave_id, batch, frame, again, parents, parents_with_rows, rows, squares)
SELECT batch.wave_id, batch.batch, frame, %(customers)s < batch.customers, parents, parents_with_rows, rows, squares
FROM migration.batch
CROSS JOIN unnest(
    %(frames)s::text[], %(parents)s::integer[], %(parents_with_rows)s::integer[], %(rows)s::integer[],
    %(squares)s::bigint[]
) AS given (frame, parents, parents_with_rows, rows, squares)
WHERE batch.wave_id = %(wave_id)s AND batch.batch = %(batch)s

-- name: of_wave
SELECT frame, again, sum(parents) AS parents, sum(parents_with_rows) AS parents_with_rows, sum(rows) AS rows,
    sum(squares) AS squares
FROM migration.batch_frame
WHERE wave_id = %(wave_id)s
GROUP BY frame, again
ORDER BY frame

-- name: of_rehearsal
-- What a wave is compared with: the batches in which its customers were rehearsed last, if at least half of
-- them were; else the last rehearsal of the dialect at this Kraken. Either had ended, and was planned earlier.
WITH rehearsal AS (
    SELECT earlier.id, earlier.name
    FROM migration.wave AS present
    JOIN migration.wave AS earlier
        ON earlier.dialect = present.dialect
        AND earlier.target_kraken = present.target_kraken
        AND earlier.mode = 'rehearsal'
        AND earlier.finished_at IS NOT NULL
        AND earlier.id < present.id
    WHERE present.id = %(wave_id)s
        AND EXISTS (
            SELECT FROM migration.batch_frame AS counted WHERE counted.wave_id = earlier.id AND NOT counted.again
        )
), theirs AS (
    SELECT rehearsed.wave_id, rehearsed.batch, count(*) AS customers
    FROM migration.import_process AS process
    JOIN migration.import_process AS rehearsed
        ON rehearsed.import_supplier = process.import_supplier
        AND rehearsed.external_identifier = process.external_identifier
        AND rehearsed.resource = process.resource
        AND rehearsed.target_kraken = process.target_kraken
        AND rehearsed.mode = 'rehearsal'
    JOIN rehearsal ON rehearsal.id = rehearsed.wave_id
    WHERE process.wave_id = %(wave_id)s
    GROUP BY rehearsed.wave_id, rehearsed.batch
), judged AS (
    SELECT coalesce((SELECT sum(customers) FROM theirs), 0) * 2 >= count(*) AS same_customers
    FROM migration.import_process
    WHERE wave_id = %(wave_id)s
), chosen AS (
    SELECT theirs.wave_id, theirs.batch, true AS same_customers
    FROM theirs
    JOIN judged ON judged.same_customers
    UNION ALL
    SELECT batch.wave_id, batch.batch, false
    FROM migration.batch
    JOIN judged ON NOT judged.same_customers
    WHERE batch.wave_id = (SELECT max(id) FROM rehearsal)
)
SELECT counted.frame, chosen.same_customers, array_agg(DISTINCT rehearsal.name) AS names,
    sum(counted.parents) AS parents, sum(counted.parents_with_rows) AS parents_with_rows,
    sum(counted.rows) AS rows, sum(counted.squares) AS squares
FROM chosen
JOIN rehearsal ON rehearsal.id = chosen.wave_id
JOIN migration.batch_frame AS counted
    ON counted.wave_id = chosen.wave_id AND counted.batch = chosen.batch AND NOT counted.again
GROUP BY counted.frame, chosen.same_customers
ORDER BY counted.frame

-- name: of_last_rehearsal
-- The last rehearsal of a dialect that had ended; at any Kraken when none is named.
WITH rehearsal AS (
    SELECT wave.id, wave.name
    FROM migration.wave
    WHERE wave.dialect = %(dialect)s
        AND wave.mode = 'rehearsal'
        AND wave.finished_at IS NOT NULL
        AND (%(target_kraken)s IS NULL OR wave.target_kraken = %(target_kraken)s)
        AND EXISTS (
            SELECT FROM migration.batch_frame AS counted WHERE counted.wave_id = wave.id AND NOT counted.again
        )
    ORDER BY wave.id DESC
    LIMIT 1
)
SELECT counted.frame, false AS same_customers, array_agg(DISTINCT rehearsal.name) AS names,
    sum(counted.parents) AS parents, sum(counted.parents_with_rows) AS parents_with_rows,
    sum(counted.rows) AS rows, sum(counted.squares) AS squares
FROM rehearsal
JOIN migration.batch_frame AS counted ON counted.wave_id = rehearsal.id AND NOT counted.again
GROUP BY counted.frame
ORDER BY counted.frame
