-- Shares in what one Kraken takes at once. Each transaction begins with the row of that Kraken, so that what is
-- handed out never adds up to more than there is.

-- name: enter
INSERT INTO migration.kraken_load (target_kraken, protocol) VALUES (%(target_kraken)s, %(protocol)s)
ON CONFLICT (target_kraken) DO NOTHING;
-- What is looked at afterwards is what the one before has left.
SELECT FROM migration.kraken_load WHERE target_kraken = %(target_kraken)s FOR UPDATE

-- name: look
SELECT load.*, migration.present() AS seen_at,
    coalesce(
        migration.still_to_come(load.creates_from) >= migration.present() - interval '5 minutes', false
    ) AS refused_lately,
    greatest(
        0, extract(epoch FROM migration.still_to_come(load.creates_from) - migration.present())
    )::double precision AS wait,
    greatest(
        0, extract(epoch FROM migration.still_to_come(load.requests_from) - migration.present())
    )::double precision AS pause
FROM migration.kraken_load AS load
WHERE load.target_kraken = %(target_kraken)s

-- name: shares
-- No lease lasts for a minute.
DELETE FROM migration.kraken_share
WHERE target_kraken = %(target_kraken)s
    AND (lapses_at <= migration.present() OR lapses_at > migration.present() + interval '1 minute');
SELECT holder::text AS holder, wants, allowed, requests, per_second, served_at, taken_at
FROM migration.kraken_share
WHERE target_kraken = %(target_kraken)s
ORDER BY taken_at, holder

-- name: keep_share
INSERT INTO migration.kraken_share AS share (
    holder, target_kraken, wants, allowed, requests, per_second, taken_at, served_at, lapses_at
)
VALUES (
    %(holder)s::uuid, %(target_kraken)s, %(wants)s, %(allowed)s, %(requests)s, %(per_second)s, migration.present(),
    CASE WHEN %(requests)s > 0 THEN migration.present() END, migration.present() + %(lease)s
)
ON CONFLICT (holder) DO UPDATE
SET wants = excluded.wants, allowed = excluded.allowed, requests = excluded.requests, per_second = excluded.per_second,
    served_at = coalesce(excluded.served_at, share.served_at), lapses_at = excluded.lapses_at

-- name: give_back
DELETE FROM migration.kraken_share WHERE holder = %(holder)s::uuid

-- name: count_requests
-- In the order of their key, so that no two sessions wait for each other. What is older than a day goes.
WITH gone AS (
    DELETE FROM migration.kraken_minute
    WHERE target_kraken = %(target_kraken)s AND minute < migration.present() - interval '1 day'
)
INSERT INTO migration.kraken_minute AS kept (target_kraken, minute, operation, within_ms, calls, refused)
SELECT %(target_kraken)s, date_trunc('minute', migration.present()), operation, within_ms, calls, refused
FROM unnest(
    %(operations)s::text[], %(within_ms)s::integer[], %(counts)s::integer[], %(refusals)s::integer[]
) AS given (operation, within_ms, calls, refused)
ORDER BY operation, within_ms
ON CONFLICT (target_kraken, minute, operation, within_ms) DO UPDATE
SET calls = kept.calls + excluded.calls, refused = kept.refused + excluded.refused

-- name: learn_requests
UPDATE migration.kraken_load
SET requests = %(places)s, requests_met = %(met)s, requests_refused_at = %(refused_at)s,
    requests_calls = %(calls)s, requests_step = %(step)s,
    usual_seconds = %(usual_seconds)s, halved_at = %(halved_at)s,
    -- Only whether they are many counts.
    accounts_calls = least(accounts_calls::bigint + %(new_calls)s, 1000000),
    requests_from = greatest(
        migration.still_to_come(requests_from),
        migration.present() + nullif(%(pause)s, 0) * interval '1 second'
    )
WHERE target_kraken = %(target_kraken)s

-- name: learn_accounts
UPDATE migration.kraken_load
SET accounts = %(accounts)s, accounts_confirmed = %(confirmed)s, accounts_streak = %(streak)s,
    accounts_calls = %(calls)s, accounts_step = %(step)s
WHERE target_kraken = %(target_kraken)s

-- name: put_off_creates
UPDATE migration.kraken_load
SET creates_from = greatest(
    migration.still_to_come(creates_from),
    migration.present() + make_interval(secs => %(seconds)s)
)
WHERE target_kraken = %(target_kraken)s

-- name: count_creates
-- Creates of the day in this zone so far, and more of them now.
UPDATE migration.kraken_load AS load
SET creates_of_day = greatest(0, CASE WHEN load.day = today.day THEN load.creates_of_day ELSE 0 END + %(more)s),
    day = today.day
FROM (SELECT (migration.present() AT TIME ZONE %(zone)s)::date AS day) AS today
WHERE load.target_kraken = %(target_kraken)s
RETURNING load.creates_of_day,
    extract(
        epoch FROM (today.day + 1)::timestamp AT TIME ZONE %(zone)s - migration.present()
    )::double precision AS seconds_left

-- name: accounts_at_kraken
-- How many of its accounts have not ended, as far as is known, counted no further than `most`. `sure`: without
-- those that are just being sent. What Kraken does not know is not under way there.
SELECT count(*) AS all_of_them, count(*) FILTER (WHERE state <> 'creating') AS sure
FROM (
    SELECT process.state
    FROM migration.import_process AS process
    WHERE process.state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised')
        AND process.target_kraken = %(target_kraken)s
    LIMIT %(most)s
) AS open
