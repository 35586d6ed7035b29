-- Counts of records that their moves keep, for pages that many people leave open.

-- name: states
SELECT wave_id, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = ANY (%(wave_ids)s)
GROUP BY wave_id, state
HAVING sum(records) <> 0

-- name: batches
SELECT batch, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = %(wave_id)s
GROUP BY batch, state
HAVING sum(records) <> 0
ORDER BY batch, state

-- name: flow
-- Records that came to a state and stayed for that minute, less those that left it again.
SELECT minute, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s)
GROUP BY minute, state
HAVING sum(records) <> 0
ORDER BY minute, state

-- name: gather
SELECT migration.gather_counts(%(wave_id)s)

-- name: listing
-- Waves by the one word that tells most of how they stand. There are few waves, and few of them under way.
-- Those in phases that are `urgent` come in their order, all others by their age.
SELECT id, phase, count(*) OVER () AS number
FROM (
    SELECT wave.id,
        CASE
            WHEN wave.purged_at IS NOT NULL THEN 'purged'
            WHEN wave.closed_at IS NOT NULL THEN 'closed'
            WHEN wave.stop_code = 'cancelled' AND wave.finished_at IS NOT NULL THEN 'cancelled'
            WHEN wave.stopped_at IS NOT NULL THEN 'stopped'
            WHEN wave.finished_at IS NOT NULL AND (
                EXISTS (SELECT FROM migration.import_process WHERE wave_id = wave.id AND state = 'parked')
                OR wave.outcome = 'failed' AND (
                    SELECT sum(records)
                    FROM migration.state_count
                    WHERE wave_id = wave.id AND state IN ('planned', 'built', 'valid')
                ) > 0
            ) THEN 'unfinished'
            WHEN wave.finished_at IS NOT NULL THEN wave.outcome
            WHEN wave.asked_at IS NOT NULL AND NOT EXISTS (
                SELECT FROM migration.wave_decision AS decision
                WHERE decision.wave_id = wave.id AND decision.asked_at = wave.asked_at
            ) THEN 'waiting'
            WHEN wave.paused_at IS NOT NULL THEN 'paused'
            ELSE 'running'
        END AS phase
    FROM migration.wave
    WHERE wave.dialect = ANY (%(dialects)s)
        AND (%(mode)s::text IS NULL OR wave.mode = %(mode)s)
        AND (%(before)s::bigint IS NULL OR wave.id < %(before)s)
) AS listed
WHERE phase = ANY (%(phases)s)
ORDER BY array_position(%(urgent)s::text[], phase), id DESC
LIMIT %(most)s OFFSET %(skipped)s

-- name: refused_on_create
-- A record that Kraken's create refused was intended after its validation. Invalid records are among those of the
-- index of what is left.
SELECT count(*)
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = 'invalid' AND intended_at > validated_at

-- name: reruns_since
-- Reruns that were asked for after the run of the wave had ended and have brought some of its records through: those
-- came through while it worked on them, or later by a create of its own.
SELECT wave.id AS wave_id, rerun.id AS rerun
FROM migration.wave
JOIN migration.rerun
    ON rerun.dialect = wave.dialect AND rerun.mode = wave.mode AND rerun.target_kraken = wave.target_kraken
CROSS JOIN LATERAL (
    SELECT
    FROM migration.rerun_item
    JOIN migration.import_process AS process ON process.id = rerun_item.import_process_id
    WHERE rerun_item.rerun_id = rerun.id AND rerun_item.wave_id = wave.id
        AND process.wave_id = wave.id
        AND process.state = ANY (%(succeeded)s)
        AND process.settled_at >= rerun.requested_at
        AND (
            process.begun_by_rerun = rerun.id
            OR rerun.finished_at IS NULL
            OR process.settled_at <= rerun.finished_at
        )
    LIMIT 1
) AS item
WHERE wave.id = ANY (%(wave_ids)s) AND rerun.requested_at >= wave.finished_at
ORDER BY wave.id, rerun.id

-- name: people
-- Who approved a wave, by the last approval that it was given, and the cohorts that it has taken.
SELECT wave.id AS wave_id, decision.decided_by AS approved_by, decision.decided_at AS approved_at,
    ARRAY(SELECT name FROM migration.cohort WHERE claimed_by_wave = wave.id ORDER BY id) AS cohorts
FROM migration.wave
LEFT JOIN LATERAL (
    SELECT decided_by, decided_at
    FROM migration.wave_decision
    WHERE wave_id = wave.id AND decision = 'approved'
    ORDER BY asked_at DESC
    LIMIT 1
) AS decision ON true
WHERE wave.id = ANY (%(wave_ids)s)

-- name: oldest_open
-- The states are among those of the index of what is open.
SELECT wave_id, min(coalesce(intended_at, created_at)) AS since
FROM migration.import_process
WHERE wave_id = ANY (%(wave_ids)s)
    AND state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing')
GROUP BY wave_id

-- name: pace
-- Of the minutes in which records ended at Kraken: all of them, and the last few.
WITH worked AS (
    SELECT wave_id, minute, sum(records) AS records, row_number() OVER (PARTITION BY wave_id ORDER BY minute DESC) AS place
    FROM migration.state_count
    WHERE wave_id = ANY (%(wave_ids)s) AND state = ANY (%(states)s)
    GROUP BY wave_id, minute
    HAVING sum(records) > 0
)
SELECT wave_id, sum(records)::bigint AS records, count(*) AS minutes, min(minute) AS first, max(minute) AS last,
    (sum(records) FILTER (WHERE place <= %(latest)s))::bigint AS latest_records,
    count(*) FILTER (WHERE place <= %(latest)s) AS latest_minutes,
    min(minute) FILTER (WHERE place <= %(latest)s) AS latest_first
FROM worked
GROUP BY wave_id

-- name: money
SELECT wave_id, currency, ledger,
    coalesce(sum(cents) FILTER (WHERE stage = 'legacy'), 0) AS legacy_cents,
    coalesce(sum(cents) FILTER (WHERE stage = 'payload'), 0) AS payload_cents
FROM migration.batch_money
WHERE wave_id = ANY (%(wave_ids)s)
GROUP BY wave_id, currency, ledger
ORDER BY wave_id, currency, ledger

-- name: log
-- What people ordered and decided about a wave, wherever they did. What was ordered in the console and has a row of
-- its own is told once, by that row.
SELECT at, by_whom, what, reason, came_of_it, action_id
FROM (
    SELECT ordered_at AS at, ordered_by AS by_whom, kind AS what, reason, coalesce(result, %(under_way)s) AS came_of_it,
        id AS action_id
    FROM migration.console_action
    WHERE wave_id = %(wave_id)s
    UNION ALL
    SELECT ordered_at, ordered_by, action, reason, '', NULL
    FROM migration.wave_control AS given
    WHERE wave_id = %(wave_id)s
        AND NOT EXISTS (
            SELECT FROM migration.console_action AS ours
            WHERE ours.wave_id = given.wave_id AND ours.kind = given.action AND ours.ordered_by = given.ordered_by
                AND ours.ordered_at BETWEEN given.ordered_at - interval '1 minute' AND given.ordered_at + interval '1 minute'
        )
    UNION ALL
    SELECT decided_at, decided_by, decision, NULL, '', NULL
    FROM migration.wave_decision
    WHERE wave_id = %(wave_id)s
    UNION ALL
    SELECT answered_at, answered_by, 'approval that does not count', NULL, 'four eyes: another user must answer', NULL
    FROM migration.wave_refused_approval
    WHERE wave_id = %(wave_id)s
    UNION ALL
    SELECT ordered_at, ordered_by, 'stop all', reason, '', NULL
    FROM migration.stop_order
    WHERE waves @> ARRAY[%(wave_id)s::bigint]
) AS told
ORDER BY at DESC
LIMIT %(most)s

-- name: identifiers
SELECT id, external_identifier FROM migration.import_process WHERE id = ANY (%(ids)s)

-- name: present
SELECT migration.present()

-- name: wave_of_run
SELECT id FROM migration.wave WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s

-- name: wave_of_rerun
SELECT item.wave_id
FROM migration.rerun
JOIN migration.rerun_item AS item ON item.rerun_id = rerun.id
WHERE rerun.dag_id = %(dag_id)s AND rerun.run_id = %(run_id)s
ORDER BY item.wave_id
LIMIT 1
