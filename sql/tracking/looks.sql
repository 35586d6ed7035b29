-- Which records are asked about next, and what is noted of those that have not moved.

-- name: take
-- What is due, the longest due first; with `rest` the oldest, due or not but for what was just asked about, since most
-- Krakens end first what they took first. Taking a record is noted at once: it is not due for other askers before its
-- next look, and is due again by itself if this one fails. Nothing indexed changes, so that the row stays
-- on its page.
WITH clock AS MATERIALIZED (
    SELECT migration.present() AS now
), picked AS (
    SELECT process.id, CASE WHEN %(rest)s::interval IS NULL THEN look.due_at ELSE look.began_at END AS turn
    FROM migration.import_process AS process
    CROSS JOIN clock
    CROSS JOIN LATERAL (
        SELECT coalesce(process.created_at, process.intended_at) AS began_at,
            CASE
                WHEN %(rest)s::interval IS NULL THEN migration.next_look(
                    coalesce(process.created_at, process.intended_at), process.polled_at, process.id, clock.now
                )
                ELSE greatest(process.polled_at, process.created_at, process.intended_at) + %(rest)s::interval
            END AS due_at
    ) AS look
    WHERE process.wave_id = %(wave_id)s AND process.batch = %(batch)s AND process.state = ANY (%(states)s)
        AND look.due_at <= clock.now
        AND (
            %(rerun_id)s::bigint IS NULL
            OR EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
            )
        )
    ORDER BY turn, process.id
    LIMIT %(most)s
    FOR UPDATE OF process SKIP LOCKED
), taken AS (
    UPDATE migration.import_process AS process
    SET polled_at = clock.now
    FROM picked
    CROSS JOIN clock
    WHERE process.id = picked.id
    RETURNING process.id, process.wave_id, process.batch, process.external_identifier, process.attempt,
        process.state, process.intended_at, process.evidence_from, process.created_at, process.doubted_at,
        process.doubts, process.kraken_identifier, clock.now AS seen_at, picked.turn
)
SELECT id, wave_id, batch, external_identifier, attempt, state, intended_at, evidence_from, created_at, doubted_at,
    doubts, kraken_identifier, seen_at
FROM taken
ORDER BY turn, id

-- name: outlook
-- A quarter of the shortest pause goes by between two rounds at least, so that looks come many at a time.
SELECT count(*) AS open,
    extract(epoch FROM greatest(min(look.due_at - clock.now), min(look.due_at - look.counts_from) / 4)
    )::double precision AS seconds
FROM (SELECT migration.present() AS now) AS clock
CROSS JOIN LATERAL (
    SELECT greatest(coalesce(process.created_at, process.intended_at), process.polled_at) AS counts_from,
        migration.next_look(
            coalesce(process.created_at, process.intended_at), process.polled_at, process.id, clock.now
        ) AS due_at
    FROM migration.import_process AS process
    WHERE process.wave_id = %(wave_id)s AND process.batch = %(batch)s AND process.state = ANY (%(states)s)
        AND (
            %(rerun_id)s::bigint IS NULL
            OR EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
            )
        )
) AS look

-- name: open_page
-- What has been due for so long that no task of its own can be waiting for it, taken as above; and what was parked
-- after its create had left.
WITH clock AS MATERIALIZED (
    SELECT migration.present() AS now
), picked AS (
    SELECT process.id
    FROM migration.import_process AS process
    CROSS JOIN clock
    WHERE process.state = ANY (%(states)s)
        AND (process.parked_from IS NULL OR process.parked_from = ANY (%(open)s))
        AND process.wave_id = %(wave_id)s
        AND (process.batch, process.id) > (%(after_batch)s, %(after_id)s)
        AND migration.next_look(
            coalesce(process.created_at, process.intended_at), process.polled_at, process.id, clock.now
        ) <= clock.now - %(due_for)s
    ORDER BY process.batch, process.id
    LIMIT %(most)s
    FOR UPDATE OF process SKIP LOCKED
), taken AS (
    UPDATE migration.import_process AS process
    SET polled_at = clock.now
    FROM picked
    CROSS JOIN clock
    WHERE process.id = picked.id
    RETURNING process.id, process.wave_id, process.batch, process.external_identifier, process.attempt,
        process.state, process.intended_at, process.evidence_from, process.created_at, process.doubted_at,
        process.doubts, process.kraken_identifier, clock.now AS seen_at
)
SELECT id, wave_id, batch, external_identifier, attempt, state, intended_at, evidence_from, created_at, doubted_at,
    doubts, kraken_identifier, seen_at
FROM taken
ORDER BY batch, id

-- name: waves_with_open_processes
-- One look into the index of what is open for each wave, however much it has.
SELECT wave.id
FROM migration.wave
WHERE wave.connection_id = %(connection_id)s
    AND EXISTS (
        SELECT FROM migration.import_process AS process
        WHERE process.wave_id = wave.id AND process.state = ANY (%(states)s)
    )
ORDER BY wave.id

-- name: count_open
SELECT count(*)
FROM migration.import_process
WHERE wave_id = ANY (%(wave_ids)s) AND state = ANY (%(states)s)

-- name: end_doubt
-- Since when it is missing stays, and when the request of a create ended, which is a proof.
UPDATE migration.import_process
SET doubted_at = NULL
WHERE id = ANY (%(ids)s) AND doubted_at IS NOT NULL AND state NOT IN ('missing', 'creating', 'parked')

-- name: begin_doubt
UPDATE migration.import_process
SET doubted_at = migration.present()
WHERE id = ANY (%(ids)s) AND doubted_at IS NULL AND state <> 'creating'
