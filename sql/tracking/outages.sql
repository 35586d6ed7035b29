-- Outages of a Kraken, shared by everything that goes there.

-- name: current
SELECT id, target_kraken, is_silent, began_at, next_try_at, gives_up_at, tries, migration.present() AS seen_at
FROM migration.outage
WHERE target_kraken = %(target_kraken)s AND ended_at IS NULL

-- name: meet
-- Begin an outage, or put off the next try of the one that lasts.
-- One that was not tried for minutes belongs to a past night, and no task waits for it.
UPDATE migration.outage
SET ended_at = migration.present()
WHERE target_kraken = %(target_kraken)s AND ended_at IS NULL
    AND next_try_at < migration.present() - %(forgotten_after)s;
INSERT INTO migration.outage AS outage (target_kraken, is_silent, began_at, next_try_at, gives_up_at)
VALUES (
    %(target_kraken)s, %(is_silent)s, migration.present(), migration.present() + interval '1 second',
    migration.present() + %(patience)s
)
ON CONFLICT (target_kraken) WHERE ended_at IS NULL DO UPDATE
SET is_silent = excluded.is_silent, tries = outage.tries + 1, tried_at = migration.present(),
    next_try_at = greatest(outage.next_try_at, migration.next_try(outage.began_at))
RETURNING id, target_kraken, is_silent, began_at, next_try_at, gives_up_at, tries, migration.present() AS seen_at

-- name: claim_try
-- One of the waiting tasks may try, and the others go on waiting.
UPDATE migration.outage
SET tries = tries + 1, tried_at = migration.present(),
    next_try_at = migration.next_try(began_at)
WHERE target_kraken = %(target_kraken)s AND ended_at IS NULL AND next_try_at <= migration.present()
RETURNING id

-- name: finish
UPDATE migration.outage
SET ended_at = migration.present()
WHERE target_kraken = %(target_kraken)s AND ended_at IS NULL

-- name: last_of_connection
SELECT DISTINCT ON (target_kraken) id, target_kraken, is_silent, began_at, next_try_at, gives_up_at, tries,
    migration.present() AS seen_at, ended_at
FROM migration.outage
WHERE target_kraken IN (SELECT target_kraken FROM migration.wave WHERE connection_id = %(connection_id)s)
ORDER BY target_kraken, id DESC

-- name: of_wave
-- While its run lasted, the earliest first.
SELECT outage.id, outage.target_kraken, outage.is_silent, outage.began_at, outage.next_try_at, outage.gives_up_at,
    outage.tries, migration.present() AS seen_at, outage.ended_at,
    EXISTS (
        SELECT
        FROM migration.outage AS later
        WHERE later.target_kraken = outage.target_kraken
            AND later.id > outage.id
            AND later.began_at < outage.ended_at + interval '1 second'
    ) AS failed_anew
FROM migration.outage
JOIN migration.wave ON wave.target_kraken = outage.target_kraken
WHERE wave.id = %(wave_id)s
    AND outage.began_at < coalesce(wave.finished_at, migration.present())
    AND coalesce(outage.ended_at, migration.present()) > wave.started_at
ORDER BY outage.id
LIMIT %(most)s
