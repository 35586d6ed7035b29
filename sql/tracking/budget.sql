-- Error budgets. The conditions on states are those of the two partial indexes, word for word.

-- name: validate
-- Of the last validated records: how many there are, and how many Kraken refused.
SELECT count(*) AS settled, count(*) FILTER (WHERE last.to_state = 'invalid') AS failed
FROM (
    SELECT event.to_state
    FROM migration.import_event AS event
    WHERE event.wave_id = %(wave_id)s
        AND event.from_state = 'built' AND event.to_state IN ('valid', 'invalid')
        AND event.occurred_at >= %(since)s
    ORDER BY event.id DESC
    LIMIT %(window)s
) AS last

-- name: load
-- Of the last records that ended at Kraken or were refused at creation: how many, and how many failed.
SELECT
    count(*) AS settled,
    count(*) FILTER (WHERE last.to_state NOT IN ('processed', 'dry_run_succeeded')) AS failed
FROM (
    SELECT event.to_state
    FROM migration.import_event AS event
    WHERE event.wave_id = %(wave_id)s
        AND (
            event.to_state IN ('processed', 'errored', 'cancelled', 'dry_run_succeeded', 'dry_run_errored')
            OR (event.from_state = 'creating' AND event.to_state = 'invalid')
        )
        AND event.occurred_at >= %(since)s
    ORDER BY event.id DESC
    LIMIT %(window)s
) AS last
