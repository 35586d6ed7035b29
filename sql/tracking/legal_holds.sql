-- Legal holds: of what nothing may be purged or erased.

-- name: lock
-- A new hold waits for what is being purged, deleted or erased, which looked for holds before it began.
SET LOCAL lock_timeout = '1min';
SELECT pg_advisory_xact_lock(7204617158);
SET LOCAL lock_timeout TO DEFAULT

-- name: keep_waiting
SELECT pg_advisory_xact_lock_shared(7204617158)

-- name: is_known
SELECT EXISTS (
    SELECT FROM migration.import_process
    WHERE import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.wave))
        AND external_identifier = %(external_identifier)s
) OR EXISTS (
    SELECT FROM migration.cohort_customer
    WHERE import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.cohort))
        AND external_identifier = %(external_identifier)s
)

-- name: add
INSERT INTO migration.legal_hold (wave_id, external_identifier, reason, held_by, held_at)
VALUES (%(wave_id)s, %(external_identifier)s, %(reason)s, %(by)s, migration.present())
ON CONFLICT DO NOTHING
RETURNING id

-- name: in_force
SELECT hold.id, hold.wave_id, wave.name AS wave_name, hold.external_identifier, hold.reason, hold.held_by, hold.held_at
FROM migration.legal_hold AS hold
LEFT JOIN migration.wave ON wave.id = hold.wave_id
WHERE hold.ended_at IS NULL
ORDER BY hold.id

-- name: end
SELECT migration.end_hold(%(id)s, %(by)s, %(reason)s)

-- name: of_wave
SELECT migration.holds_on(%(wave_id)s)

-- name: of_customer
-- Holds on a customer, and on waves in which the customer is or was tried.
SELECT hold.id
FROM migration.legal_hold AS hold
WHERE hold.ended_at IS NULL
    AND (
        hold.external_identifier = %(external_identifier)s
        OR hold.wave_id IN (
            SELECT wave_id FROM migration.import_process WHERE id = ANY (%(ids)s)
            UNION ALL
            SELECT wave_id FROM migration.import_attempt WHERE import_process_id = ANY (%(ids)s)
        )
    )
ORDER BY hold.id
