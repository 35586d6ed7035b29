-- What goes to each Kraken now, for pages that many people leave open: nothing is locked, and no wave is read whole.

-- name: krakens
-- The Kraken of the newest wave first.
SELECT target_kraken
FROM migration.wave
WHERE dialect = ANY (%(dialects)s)
GROUP BY target_kraken
ORDER BY max(id) DESC

-- name: learnt
SELECT load.target_kraken, load.requests AS places, load.requests_met, load.requests_refused_at, load.usual_seconds,
    load.halved_at, load.accounts, load.accounts_confirmed, load.day, load.creates_of_day,
    migration.still_to_come(load.creates_from) AS creates_from,
    migration.still_to_come(load.requests_from) AS requests_from, migration.present() AS seen_at
FROM migration.kraken_load AS load
WHERE load.target_kraken = %(target_kraken)s

-- name: leased
-- Leases that hold: none lasts for a minute. Of several Connections to one Kraken the least counts.
SELECT count(*) AS sessions, coalesce(sum(requests), 0) AS requests, coalesce(sum(wants), 0) AS wants,
    min(allowed) AS allowed, sum(per_second) AS per_second
FROM migration.kraken_share
WHERE target_kraken = %(target_kraken)s
    AND lapses_at > migration.present() AND lapses_at <= migration.present() + interval '1 minute'

-- name: outages
SELECT id, target_kraken, is_silent, began_at, next_try_at, gives_up_at, tries, migration.present() AS seen_at, ended_at
FROM migration.outage
WHERE target_kraken = %(target_kraken)s
ORDER BY id DESC
LIMIT %(most)s

-- name: at_work
-- Waves whose run goes on, and those with records that Kraken may still end.
SELECT wave.id
FROM migration.wave
WHERE wave.target_kraken = %(target_kraken)s AND wave.closed_at IS NULL
    AND (
        wave.finished_at IS NULL
        OR EXISTS (
            SELECT
            FROM migration.import_process AS process
            WHERE process.wave_id = wave.id
                AND process.state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing')
        )
    )
ORDER BY wave.id DESC
LIMIT %(most)s

-- name: flow
-- What came to Kraken in a minute, and what it ended: records that moved among these states cancel themselves out.
-- Counted for the whole Kraken, without a name of any wave.
SELECT moved.minute,
    sum(moved.records) FILTER (WHERE moved.state = ANY (%(sent)s)) AS sent,
    sum(moved.records) FILTER (WHERE moved.state = ANY (%(ended)s)) AS ended
FROM migration.wave
CROSS JOIN LATERAL (
    SELECT minute, state, records
    FROM migration.state_count
    WHERE state_count.wave_id = wave.id AND state_count.minute >= (SELECT migration.present()) - interval '1 hour'
) AS moved
WHERE wave.target_kraken = %(target_kraken)s AND wave.closed_at IS NULL
GROUP BY moved.minute
ORDER BY moved.minute

-- name: lag
-- How long the record that is due longest has waited to be asked about: of the first open ones of these waves.
SELECT count(*) AS looked_at,
    extract(epoch FROM migration.present() - min(open.due_at))::double precision AS seconds
FROM unnest(%(wave_ids)s::bigint[]) AS at_work (wave_id)
CROSS JOIN LATERAL (
    SELECT migration.next_look(
        coalesce(process.created_at, process.intended_at), process.polled_at, process.id, migration.present()
    ) AS due_at
    FROM migration.import_process AS process
    WHERE process.wave_id = at_work.wave_id
        AND process.state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing')
        AND coalesce(process.created_at, process.intended_at) IS NOT NULL
    LIMIT %(most)s
) AS open

-- name: taken
-- How long the last creates of these waves took, from their intent to Kraken's answer: the wait for a place is in it.
SELECT count(*) AS creates,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY answered.seconds) AS seconds
FROM unnest(%(wave_ids)s::bigint[]) AS at_work (wave_id)
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM last.occurred_at - process.intended_at)::double precision AS seconds
    FROM (
        SELECT import_process_id, occurred_at
        FROM migration.import_event
        WHERE wave_id = at_work.wave_id AND begun_by_rerun IS NULL
            AND from_state = 'creating' AND to_state <> 'valid'
        ORDER BY occurred_at DESC
        LIMIT %(most)s
    ) AS last
    JOIN migration.import_process AS process ON process.id = last.import_process_id
    WHERE last.occurred_at >= process.intended_at AND last.occurred_at > migration.present() - interval '1 hour'
) AS answered

-- name: requests
-- Requests of the last hour by how long they took.
SELECT operation, within_ms, sum(calls)::bigint AS calls, sum(refused)::bigint AS refused
FROM migration.kraken_minute
WHERE target_kraken = %(target_kraken)s AND minute > migration.present() - interval '1 hour'
GROUP BY operation, within_ms
ORDER BY operation, within_ms
