-- What the report of a wave shows.

-- name: wave
SELECT name, dialect, mode, import_supplier, target_kraken, started_at, finished_at, outcome, outcome_reason,
    stop_reason, dag_id, run_id, claimed, decision, decided_by, decided_at
FROM migration.wave
LEFT JOIN LATERAL (
    SELECT decision, decided_by, decided_at
    FROM migration.wave_decision
    WHERE wave_id = wave.id
    ORDER BY asked_at DESC
    LIMIT 1
) AS last_decision ON true
WHERE id = %(wave_id)s

-- name: span
SELECT min(occurred_at) AS first, max(occurred_at) AS last
FROM migration.import_event
WHERE wave_id = %(wave_id)s

-- name: timeline
-- Transitions by slice of time.
SELECT
    date_bin(make_interval(secs => %(seconds)s), occurred_at, %(origin)s) AS slice,
    to_state, count(*) AS records
FROM migration.import_event
WHERE wave_id = %(wave_id)s AND to_state = ANY (%(states)s)
GROUP BY slice, to_state
ORDER BY slice

-- name: causes
-- An error belongs to an attempt: those of earlier ones are mended. Each unknown code of a column is mended by
-- itself, so its sentence is a cause of its own, but for the rarest of too many.
WITH found AS (
    SELECT error.severity, error.code, error.path, error.origin, error.stage, error.detail, error.domain, error.event,
        error.is_named, process.id AS process_id, process.external_identifier
    FROM migration.import_error AS error
    JOIN migration.import_process AS process
        ON process.id = error.import_process_id AND process.attempt = error.attempt
    WHERE error.wave_id = %(wave_id)s
),
told AS (
    SELECT code, path, detail, row_number() OVER (PARTITION BY code, path ORDER BY count(*) DESC, detail) AS place
    FROM found
    WHERE code = ANY (%(told_apart)s)
    GROUP BY code, path, detail
)
SELECT severity, code, path, origin, stage,
    CASE WHEN place > %(most_codes)s THEN %(further)s ELSE min(detail) END AS detail,
    count(DISTINCT process_id) AS customers,
    (array_agg(DISTINCT external_identifier))[1:3] AS examples,
    coalesce(min(domain), '') AS domain, coalesce(min(event), '') AS event,
    count(*) FILTER (WHERE NOT is_named) AS unnamed
FROM found
LEFT JOIN (
    SELECT code, path, detail, least(place, %(most_codes)s + 1) AS place
    FROM told
) AS shown USING (code, path, detail)
GROUP BY severity, code, path, origin, stage, place
ORDER BY severity, customers DESC, code, path, detail

-- name: parked
-- The last error of a parked record says why it is.
SELECT coalesce(error.code, 'unknown') AS code, coalesce(min(error.detail), '') AS detail, count(*) AS customers,
    (array_agg(process.external_identifier ORDER BY process.external_identifier))[1:3] AS examples
FROM migration.import_process AS process
LEFT JOIN LATERAL (
    SELECT code, detail
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
    ORDER BY id DESC
    LIMIT 1
) AS error ON true
WHERE process.wave_id = %(wave_id)s AND process.state = 'parked'
GROUP BY error.code
ORDER BY customers DESC, code

-- name: attempts
SELECT tried.attempt,
    coalesce(
        tried.outcome, CASE WHEN tried.attempt < process.attempt THEN 'replaced by a later try' ELSE 'not ended yet' END
    ) AS outcome,
    count(*) AS records
FROM migration.import_attempt AS tried
JOIN migration.import_process AS process ON process.id = tried.import_process_id
WHERE tried.wave_id = %(wave_id)s
GROUP BY 1, 2
ORDER BY 1, records DESC

-- name: orders
-- What people ordered of the wave alone; an order to stop everything is the wave's stop.
SELECT action, ordered_by, reason, ordered_at
FROM migration.wave_control
WHERE wave_id = %(wave_id)s
ORDER BY id DESC
LIMIT 20
