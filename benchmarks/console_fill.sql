-- What benchmarks/console.py adds to a database that growth_fill.sql has filled, as the moves of real waves leave it.

-- name: counts
-- A hundred records a statement, and six moves of each: what came to a state and left it again cancels itself out.
INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
SELECT wave_id, batch, state, date_trunc('minute', coalesce(settled_at, created_at, built_at, planned_at)), count(*)
FROM migration.import_process
GROUP BY wave_id, batch, state, 4, id / 100;
INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
SELECT chunk.wave_id, chunk.batch, passed.state,
    date_trunc('minute', wave.started_at) + (passed.place + left_it.later + chunk.number % 50) * interval '1 minute',
    CASE left_it.later WHEN 0 THEN chunk.records ELSE -chunk.records END
FROM (
    SELECT wave_id, batch, id / 100 AS number, count(*)::integer AS records
    FROM migration.import_process
    GROUP BY 1, 2, 3
) AS chunk
JOIN migration.wave ON wave.id = chunk.wave_id
CROSS JOIN unnest(ARRAY['planned', 'built', 'valid', 'creating', 'created']) WITH ORDINALITY AS passed (state, place)
CROSS JOIN (VALUES (0), (1)) AS left_it (later);

-- name: orders
INSERT INTO migration.console_action (id, kind, dialect, wave_id, scope, reason, ordered_by, ordered_at, ended_at, outcome, result)
SELECT gen_random_uuid(), 'pause', wave.dialect, wave.id, 'a wave', 'so', 'ops', wave.started_at, wave.started_at, 'done', 'done'
FROM migration.wave
CROSS JOIN generate_series(1, 20)

-- name: cohorts
-- Nights that are planned, of customers whom no wave has claimed.
INSERT INTO migration.cohort (
    name, dialect, resource, mode, import_supplier, target_kraken, wave_date, rule, parameters, planned_at
)
SELECT 'night ' || no, 'dialect_' || no % 5, 'accounts', 'live', 'SUPPLIER_' || no % 5, 'https://kraken:443',
    current_date + no, 'all', '{}', now()
FROM generate_series(1, 20) AS no;
INSERT INTO migration.cohort_customer (
    cohort_id, target_kraken, import_supplier, resource, mode, external_identifier, priority, stratum
)
SELECT cohort.id, cohort.target_kraken, cohort.import_supplier, cohort.resource, cohort.mode,
    'WAITS-' || cohort.id || '-' || no, 1, 'type ' || no % 4
FROM migration.cohort
CROSS JOIN generate_series(1, 5000) AS no
WHERE cohort.claimed_by_wave IS NULL
