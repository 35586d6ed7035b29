-- Cohorts: who is to migrate in which wave, and which wave has taken them.

-- name: begin_selection
CREATE TEMPORARY TABLE selected (
    external_identifier text PRIMARY KEY,
    priority            integer NOT NULL,
    stratum             text NOT NULL,
    exclusion           text,
    reasons             text NOT NULL,
    standing            text
) ON COMMIT DROP

-- name: select_page
INSERT INTO pg_temp.selected (external_identifier, priority, stratum, exclusion, reasons)
SELECT *
FROM unnest(
    %(identifiers)s::text[], %(priorities)s::integer[], %(strata)s::text[], %(exclusions)s::text[],
    %(reasons)s::text[]
)
ON CONFLICT DO NOTHING

-- name: lock_planning
-- Two plans are written one after the other, so that the second sees what the first has taken; no erasure begins.
SELECT pg_advisory_xact_lock_shared(7204617157);
LOCK TABLE migration.cohort_customer IN SHARE ROW EXCLUSIVE MODE

-- name: judge_selection
-- Free again is who was in a cancelled wave that had not begun to create them.
UPDATE pg_temp.selected
SET standing = CASE
    WHEN exclusion IS NOT NULL THEN 'excluded'
    WHEN EXISTS (
        SELECT FROM migration.import_process AS process
        JOIN migration.wave ON wave.id = process.wave_id
        WHERE process.import_supplier = %(import_supplier)s
            AND process.external_identifier = selected.external_identifier
            AND process.resource = %(resource)s
            AND process.mode = %(mode)s
            AND process.target_kraken = %(target_kraken)s
            AND NOT (wave.stop_code IS NOT DISTINCT FROM 'cancelled' AND process.state = ANY (%(rebuildable)s))
    ) THEN 'already_claimed'
    WHEN EXISTS (SELECT FROM migration.erasure)
        AND migration.is_erased(%(import_supplier)s, selected.external_identifier) THEN 'already_claimed'
    WHEN EXISTS (
        SELECT FROM migration.cohort_customer AS customer
        JOIN migration.cohort ON cohort.id = customer.cohort_id
        LEFT JOIN migration.wave ON wave.id = cohort.claimed_by_wave
        WHERE customer.import_supplier = %(import_supplier)s
            AND customer.external_identifier = selected.external_identifier
            AND customer.resource = %(resource)s
            AND customer.mode = %(mode)s
            AND customer.target_kraken = %(target_kraken)s
            AND wave.stop_code IS DISTINCT FROM 'cancelled'
    ) THEN 'already_planned'
    ELSE 'beyond_size'
END

-- name: take_selection
UPDATE pg_temp.selected
SET standing = 'planned'
WHERE external_identifier IN (
    SELECT external_identifier
    FROM pg_temp.selected
    WHERE standing = 'beyond_size'
    ORDER BY priority, external_identifier
    LIMIT %(size)s
)

-- name: count_selection
SELECT standing, stratum, exclusion, reasons, count(*) AS customers
FROM pg_temp.selected
GROUP BY standing, stratum, exclusion, reasons
ORDER BY standing, stratum, exclusion, reasons

-- name: name_is_taken
SELECT EXISTS (
    SELECT FROM migration.cohort
    WHERE target_kraken = %(target_kraken)s AND mode = %(mode)s AND dialect = %(dialect)s
        AND name = %(name)s
)

-- name: of_another_kind
-- A night is one wave, which has one mode, one import supplier and one policy.
SELECT name, mode, import_supplier, policy
FROM migration.cohort
WHERE target_kraken = %(target_kraken)s AND dialect = %(dialect)s AND wave_date = %(wave_date)s
    AND claimed_by_wave IS NULL
    AND (mode, import_supplier, policy) <> (%(mode)s, %(import_supplier)s, %(policy)s::jsonb)
ORDER BY id
LIMIT 1

-- name: insert_cohort
INSERT INTO migration.cohort (
    name, dialect, resource, mode, import_supplier, target_kraken, wave_date, rule, parameters, planned_at,
    policy, planned_by
)
VALUES (
    %(name)s, %(dialect)s, %(resource)s, %(mode)s, %(import_supplier)s, %(target_kraken)s, %(wave_date)s,
    %(rule)s, %(parameters)s, %(planned_at)s, %(policy)s, %(planned_by)s
)
RETURNING id

-- name: insert_customers
INSERT INTO migration.cohort_customer (
    cohort_id, target_kraken, import_supplier, resource, mode, external_identifier, priority, stratum
)
SELECT
    %(cohort_id)s, %(target_kraken)s, %(import_supplier)s, %(resource)s, %(mode)s,
    external_identifier, priority, stratum
FROM pg_temp.selected
WHERE standing = 'planned'
-- Left behind by the cohort of a cancelled wave: all others were judged to be planned already.
ON CONFLICT (import_supplier, external_identifier, resource, mode, target_kraken) DO UPDATE
SET cohort_id = excluded.cohort_id, priority = excluded.priority, stratum = excluded.stratum

-- name: lock_dated
-- Locked, so that of two runs that want a cohort one waits, and then finds it taken.
SELECT id, name, mode, import_supplier, wave_date, policy, planned_by
FROM migration.cohort
WHERE target_kraken = %(target_kraken)s AND dialect = %(dialect)s AND claimed_by_wave IS NULL
    AND wave_date BETWEEN %(since)s AND %(day)s
ORDER BY id
FOR UPDATE

-- name: lock_named
SELECT id, name, mode, import_supplier, wave_date, policy, planned_by, claimed_by_wave
FROM migration.cohort
WHERE target_kraken = %(target_kraken)s AND dialect = %(dialect)s AND mode = %(mode)s AND name = %(name)s
FOR UPDATE

-- name: taken_on
SELECT cohort.name AS cohort, wave.name AS wave
FROM migration.cohort
JOIN migration.wave ON wave.id = cohort.claimed_by_wave
WHERE cohort.target_kraken = %(target_kraken)s AND cohort.dialect = %(dialect)s
    AND cohort.wave_date = %(day)s
ORDER BY cohort.id

-- name: size
SELECT count(*) FROM migration.cohort_customer WHERE cohort_id = ANY (%(ids)s)

-- name: customers
SELECT customer.external_identifier
FROM migration.cohort_customer AS customer
JOIN migration.cohort ON cohort.id = customer.cohort_id
WHERE customer.cohort_id = ANY (%(ids)s)
ORDER BY cohort.wave_date NULLS LAST, customer.cohort_id, customer.priority, customer.external_identifier

-- name: unplanned
-- OFFSET 0: one probe of the index a key, whatever the statistics say.
-- The cohort of a cancelled wave holds its customers no longer.
SELECT given.external_identifier
FROM unnest(%(identifiers)s::text[]) WITH ORDINALITY AS given (external_identifier, position)
WHERE NOT EXISTS (
    SELECT FROM migration.cohort_customer AS customer
    JOIN migration.cohort ON cohort.id = customer.cohort_id
    LEFT JOIN migration.wave ON wave.id = cohort.claimed_by_wave
    WHERE customer.import_supplier = %(import_supplier)s
        AND customer.external_identifier = given.external_identifier
        AND customer.resource = %(resource)s
        AND customer.mode = %(mode)s
        AND customer.target_kraken = %(target_kraken)s
        AND wave.stop_code IS DISTINCT FROM 'cancelled'
    OFFSET 0
)
ORDER BY given.position

-- name: mark_claimed
UPDATE migration.cohort SET claimed_by_wave = %(wave_id)s WHERE id = ANY (%(ids)s)

-- name: waiting
SELECT cohort.id, cohort.name, cohort.dialect, cohort.mode, cohort.import_supplier, cohort.target_kraken,
    cohort.wave_date, cohort.planned_by, cohort.planned_at, cohort.rule, cohort.policy,
    (SELECT count(*) FROM migration.cohort_customer AS customer WHERE customer.cohort_id = cohort.id) AS customers
FROM migration.cohort
WHERE claimed_by_wave IS NULL
    AND (%(dialect)s::text IS NULL OR dialect = %(dialect)s)
    AND (%(cohort_id)s::bigint IS NULL OR id = %(cohort_id)s)
ORDER BY dialect, target_kraken, wave_date NULLS LAST, id

-- name: strata
SELECT cohort_id, stratum, count(*) AS customers
FROM migration.cohort_customer
WHERE cohort_id = ANY (%(ids)s)
GROUP BY cohort_id, stratum
ORDER BY cohort_id, customers DESC, stratum

-- name: rehearsed
-- How the last rehearsals of these very customers stand; a state of NULL: never rehearsed. OFFSET 0: one probe each.
SELECT rehearsal.state, rehearsal.wave_id, wave.name AS wave_name, count(*) AS customers,
    max(rehearsal.settled_at) AS last_at
FROM (
    SELECT import_supplier, external_identifier, resource, target_kraken
    FROM migration.cohort_customer
    WHERE cohort_id = %(cohort_id)s
    ORDER BY priority, external_identifier
    LIMIT %(most)s
) AS customer
LEFT JOIN LATERAL (
    SELECT state, wave_id, settled_at
    FROM migration.import_process AS process
    WHERE process.import_supplier = customer.import_supplier
        AND process.external_identifier = customer.external_identifier
        AND process.resource = customer.resource
        AND process.mode = 'rehearsal'
        AND process.target_kraken = customer.target_kraken
    OFFSET 0
) AS rehearsal ON true
LEFT JOIN migration.wave ON wave.id = rehearsal.wave_id
GROUP BY rehearsal.state, rehearsal.wave_id, wave.name
ORDER BY customers DESC, rehearsal.wave_id

-- name: lock_one
SELECT name, wave_date, claimed_by_wave FROM migration.cohort WHERE id = %(cohort_id)s FOR UPDATE

-- name: of_another_kind_there
-- A cohort of that night which could not be in one wave with this one.
SELECT other.name
FROM migration.cohort
JOIN migration.cohort AS other
    ON other.target_kraken = cohort.target_kraken AND other.dialect = cohort.dialect AND other.id <> cohort.id
WHERE cohort.id = %(cohort_id)s
    AND other.wave_date = %(wave_date)s
    AND other.claimed_by_wave IS NULL
    AND (other.mode, other.import_supplier, other.policy) <> (cohort.mode, cohort.import_supplier, cohort.policy)
ORDER BY other.id
LIMIT 1

-- name: postpone
UPDATE migration.cohort SET wave_date = %(wave_date)s WHERE id = %(cohort_id)s AND claimed_by_wave IS NULL

-- name: to_rehearse
-- Customers of a cohort that are in no rehearsal, and planned for none.
SELECT count(*)
FROM migration.cohort_customer AS customer
WHERE customer.cohort_id = %(cohort_id)s
    AND NOT EXISTS (
        SELECT FROM migration.import_process AS process
        WHERE process.import_supplier = customer.import_supplier
            AND process.external_identifier = customer.external_identifier
            AND process.resource = customer.resource
            AND process.mode = 'rehearsal'
            AND process.target_kraken = customer.target_kraken
        OFFSET 0
    )
    AND NOT EXISTS (
        SELECT FROM migration.cohort_customer AS other
        WHERE other.import_supplier = customer.import_supplier
            AND other.external_identifier = customer.external_identifier
            AND other.resource = customer.resource
            AND other.mode = 'rehearsal'
            AND other.target_kraken = customer.target_kraken
        OFFSET 0
    )

-- name: insert_rehearsal
-- With the same rule and policy, and without a date: a run that names it takes it.
INSERT INTO migration.cohort (
    name, dialect, resource, mode, import_supplier, target_kraken, wave_date, rule, parameters, planned_at,
    policy, planned_by
)
SELECT %(name)s, dialect, resource, 'rehearsal', import_supplier, target_kraken, NULL, rule, parameters, migration.present(),
    policy, %(planned_by)s
FROM migration.cohort
WHERE id = %(cohort_id)s
RETURNING id

-- name: insert_to_rehearse
-- The customers that `to_rehearse` counts.
INSERT INTO migration.cohort_customer (
    cohort_id, target_kraken, import_supplier, resource, mode, external_identifier, priority, stratum
)
SELECT %(rehearsal_id)s, target_kraken, import_supplier, resource, 'rehearsal', external_identifier, priority, stratum
FROM migration.cohort_customer AS customer
WHERE customer.cohort_id = %(cohort_id)s
    AND NOT EXISTS (
        SELECT FROM migration.import_process AS process
        WHERE process.import_supplier = customer.import_supplier
            AND process.external_identifier = customer.external_identifier
            AND process.resource = customer.resource
            AND process.mode = 'rehearsal'
            AND process.target_kraken = customer.target_kraken
        OFFSET 0
    )
ON CONFLICT (import_supplier, external_identifier, resource, mode, target_kraken) DO NOTHING
