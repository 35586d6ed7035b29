-- Error budgets. The conditions on states are those of the partial indexes, word for word.

-- name: recent
-- The last records of a stage in one run (the wave's own, or a rerun's in all of its waves) since it was opened:
-- how many there are, and what those that failed have failed for. Validation stands alone; creation and the end
-- of processing come together. An end is looked at among records that Kraken had accepted by the same age, ended
-- or not, so that it does not matter whether failures or successes come first. A failure that only repeats how the
-- record's last try in this wave ended was known: it counts neither as a failure nor as evidence.
WITH looked_at AS (
    SELECT 'validate' AS stage, 0 AS minutes, last.import_process_id, last.attempt, last.wave_id,
        CASE WHEN last.to_state = 'invalid' THEN last.to_state END AS failed, last.error_code, last.error_path
    FROM (
        SELECT *
        FROM migration.import_event
        WHERE %(stage)s = 'validate'
            AND (
                (%(rerun_id)s::bigint IS NULL AND begun_by_rerun IS NULL AND wave_id = %(wave_id)s)
                OR (%(rerun_id)s::bigint IS NOT NULL AND begun_by_rerun = %(rerun_id)s::bigint)
            )
            AND from_state = 'built' AND to_state IN ('valid', 'invalid')
            AND occurred_at >= %(since)s
        ORDER BY occurred_at DESC, id DESC
        LIMIT %(window)s
    ) AS last
    UNION ALL
    SELECT 'create', 0, last.import_process_id, last.attempt, last.wave_id,
        CASE WHEN last.to_state = 'invalid' THEN last.to_state END, last.error_code, last.error_path
    FROM (
        SELECT *
        FROM migration.import_event
        WHERE %(stage)s = 'load'
            AND (
                (%(rerun_id)s::bigint IS NULL AND begun_by_rerun IS NULL AND wave_id = %(wave_id)s)
                OR (%(rerun_id)s::bigint IS NOT NULL AND begun_by_rerun = %(rerun_id)s::bigint)
            )
            AND from_state = 'creating' AND to_state <> 'valid' AND to_state = ANY (%(answered)s)
            AND occurred_at >= %(since)s
        ORDER BY occurred_at DESC, id DESC
        LIMIT %(window)s
    ) AS last
    UNION ALL
    SELECT 'process', age.minutes, accepted.import_process_id, accepted.attempt, accepted.wave_id,
        ending.outcome, ending.error_code, ending.error_path
    FROM unnest(%(ages)s::integer[]) AS age (minutes)
    CROSS JOIN LATERAL (
        SELECT import_process_id, attempt, wave_id
        FROM migration.import_event
        WHERE %(stage)s = 'load'
            AND (
                (%(rerun_id)s::bigint IS NULL AND begun_by_rerun IS NULL AND wave_id = %(wave_id)s)
                OR (%(rerun_id)s::bigint IS NOT NULL AND begun_by_rerun = %(rerun_id)s::bigint)
            )
            AND from_state = 'creating' AND to_state <> 'valid' AND to_state = ANY (%(accepted)s)
            AND occurred_at >= %(since)s
            -- Asked for once: of a time that may change from row to row no index makes use, and every record
            -- accepted in the last hour was read.
            AND occurred_at <= (SELECT coalesce(%(now)s, migration.present())) - make_interval(mins => age.minutes)
        ORDER BY occurred_at DESC, id DESC
        LIMIT %(window)s
    ) AS accepted
    LEFT JOIN LATERAL (
        SELECT tried.outcome, event.error_code, event.error_path
        FROM (
            SELECT outcome
            FROM migration.import_attempt
            WHERE import_process_id = accepted.import_process_id AND attempt = accepted.attempt
            -- One probe for each record: how few have failed is not known here, and every try that there is was read
            -- to find them.
            OFFSET 0
        ) AS tried
        CROSS JOIN LATERAL (
            SELECT last.error_code, last.error_path
            FROM migration.import_event AS last
            WHERE last.import_process_id = accepted.import_process_id
                AND last.attempt = accepted.attempt
                AND last.to_state = tried.outcome
            ORDER BY last.id DESC
            LIMIT 1
        ) AS event
        WHERE tried.outcome = ANY (%(ended_badly)s)
    ) AS ending ON true
)
SELECT
    looked_at.stage, looked_at.minutes, looked_at.failed IS NOT NULL AS failed,
    coalesce(looked_at.error_code, looked_at.failed) AS code, coalesce(looked_at.error_path, '') AS path,
    count(*) AS records
FROM looked_at
LEFT JOIN LATERAL (
    SELECT coalesce(event.error_code, event.to_state) AS code, coalesce(event.error_path, '') AS path
    FROM (
        SELECT tried.attempt, tried.outcome
        FROM migration.import_attempt AS tried
        WHERE looked_at.failed IS NOT NULL
            AND looked_at.attempt > 1
            AND tried.import_process_id = looked_at.import_process_id
            AND tried.attempt < looked_at.attempt
            AND tried.wave_id = looked_at.wave_id
            AND tried.outcome IS NOT NULL
        ORDER BY tried.attempt DESC
        LIMIT 1
    ) AS earlier
    CROSS JOIN LATERAL (
        SELECT last.error_code, last.error_path, last.to_state
        FROM migration.import_event AS last
        WHERE last.import_process_id = looked_at.import_process_id
            AND last.attempt = earlier.attempt
            AND last.to_state = earlier.outcome
        ORDER BY last.id DESC
        LIMIT 1
    ) AS event
) AS known ON true
WHERE (known.code, known.path) IS DISTINCT FROM
    (coalesce(looked_at.error_code, looked_at.failed), coalesce(looked_at.error_path, ''))
    OR looked_at.failed IS NULL
GROUP BY 1, 2, 3, 4, 5

-- name: answered
-- How many creates of a run have been answered since it was opened, counted up to a bound.
SELECT count(*)
FROM (
    SELECT
    FROM migration.import_event
    WHERE (
            (%(rerun_id)s::bigint IS NULL AND begun_by_rerun IS NULL AND wave_id = %(wave_id)s)
            OR (%(rerun_id)s::bigint IS NOT NULL AND begun_by_rerun = %(rerun_id)s::bigint)
        )
        AND from_state = 'creating' AND to_state <> 'valid'
        AND occurred_at >= %(since)s
    LIMIT %(most)s
) AS answered
