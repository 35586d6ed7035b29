-- What is looked at while no run is looking: records that do not end or are parked, cohorts that are not taken, and what was told.

-- name: open_too_long
-- A record counts from when it was sent, or from when its wave lets Kraken begin.
SELECT count(*) AS records, min(since) AS since
FROM (
    SELECT greatest(coalesce(process.intended_at, process.created_at), wave.schedule_window_start) AS since
    FROM migration.import_process AS process
    JOIN migration.wave ON wave.id = process.wave_id
    WHERE process.state = ANY (%(open)s) AND wave.connection_id = %(connection_id)s
) AS sent
WHERE since < %(before)s

-- name: standing
-- Of a Connection, by dialect: what has no end, and what is parked.
SELECT wave.dialect, found.what, count(*) AS records
FROM (
    SELECT wave_id, 'open' AS what FROM migration.import_process WHERE state = ANY (%(open)s)
    UNION ALL
    SELECT wave_id, 'parked' FROM migration.import_process WHERE state = 'parked'
) AS found
JOIN migration.wave ON wave.id = found.wave_id
WHERE wave.connection_id = %(connection_id)s
GROUP BY wave.dialect, found.what

-- name: request_seconds
SELECT max(usual_seconds)
FROM migration.kraken_load
WHERE target_kraken IN (SELECT target_kraken FROM migration.wave WHERE connection_id = %(connection_id)s)

-- name: parked
-- The end of a wave tells of what was parked by then.
SELECT count(*) AS records, count(DISTINCT wave_id) AS waves
FROM (
    SELECT process.wave_id, wave.finished_at, (
        SELECT max(occurred_at)
        FROM migration.import_event
        WHERE import_process_id = process.id AND to_state = 'parked'
    ) AS parked_at
    FROM migration.import_process AS process
    JOIN migration.wave ON wave.id = process.wave_id
    WHERE process.state = 'parked' AND wave.connection_id = %(connection_id)s AND wave.finished_at IS NOT NULL
) AS parked
WHERE parked_at > finished_at OR finished_at < %(before)s

-- name: due_cohorts
-- No run has taken them, although they may be taken from this day on, or from an earlier one.
SELECT cohort.name, cohort.dialect, cohort.wave_date, cohort.planned_at,
    (SELECT count(*) FROM migration.cohort_customer AS customer WHERE customer.cohort_id = cohort.id) AS customers
FROM migration.cohort
WHERE cohort.claimed_by_wave IS NULL AND cohort.dialect = ANY (%(dialects)s) AND cohort.wave_date <= %(day)s
ORDER BY cohort.wave_date, cohort.id

-- name: told
SELECT amount, told_at FROM migration.told WHERE subject = %(subject)s

-- name: remember
INSERT INTO migration.told (subject, amount, told_at)
VALUES (%(subject)s, %(amount)s, %(at)s)
ON CONFLICT (subject) DO UPDATE SET amount = excluded.amount, told_at = excluded.told_at

-- name: forget
DELETE FROM migration.told WHERE subject = %(subject)s
