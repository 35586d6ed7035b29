-- The erasure of one customer.

-- name: may_erase
SELECT has_function_privilege('migration.erase(text, text, text, text)', 'EXECUTE')

-- name: lock
-- Plans and cohorts hold the first while they are written, which an erasure has to see; a new legal hold waits for
-- the second. A large plan takes a while, so the erasure gives way.
SET LOCAL lock_timeout = '5s';
SELECT pg_advisory_xact_lock(7204617157);
SELECT pg_advisory_xact_lock_shared(7204617158);
SET LOCAL lock_timeout TO DEFAULT

-- name: suppliers
-- Import suppliers of which a customer with this identifier is, or was, known here.
-- Keys begin with the import supplier, so all of them are named.
SELECT import_supplier
FROM migration.import_process
WHERE import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.wave))
    AND external_identifier = %(external_identifier)s
UNION
SELECT import_supplier
FROM migration.cohort_customer
WHERE import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.cohort))
    AND external_identifier = %(external_identifier)s
UNION
SELECT import_supplier FROM migration.reconciliation_difference WHERE external_identifier = %(external_identifier)s
UNION
SELECT import_supplier FROM migration.erasure
WHERE token = migration.erased_token(import_supplier, %(external_identifier)s)
ORDER BY import_supplier

-- name: records
-- Locked until the transaction ends. Nothing more happens to what is settled, nor to what a cancelled or a purged wave
-- has left; anything else may be built or created at any moment.
SELECT process.id, wave.id AS wave_id, wave.name AS wave_name, process.state,
    process.state = ANY (%(settled)s)
        OR (
            process.state = ANY (%(undone)s)
            AND (wave.stop_code IS NOT DISTINCT FROM 'cancelled' OR wave.purged_at IS NOT NULL)
        ) AS is_over,
    wave.finished_at IS NULL AND wave.stop_code IS DISTINCT FROM 'cancelled' AS runs,
    (
        SELECT min(item.rerun_id)
        FROM migration.rerun_item AS item
        JOIN migration.rerun ON rerun.id = item.rerun_id AND rerun.finished_at IS NULL
        WHERE item.import_process_id = process.id
    ) AS rerun,
    EXISTS (
        SELECT FROM migration.legacy_hold AS hold
        WHERE hold.import_process_id = process.id AND hold.done_at IS NULL
    ) AS is_held_there
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
WHERE process.import_supplier = %(import_supplier)s AND process.external_identifier = %(external_identifier)s
ORDER BY process.id
FOR UPDATE OF process

-- name: kraken_identifiers
SELECT DISTINCT kraken_identifier
FROM migration.import_process
WHERE import_supplier = %(import_supplier)s AND external_identifier = %(external_identifier)s
    AND kraken_identifier IS NOT NULL

-- name: token
SELECT migration.erased_token(%(import_supplier)s, %(external_identifier)s) AS token,
    migration.is_erased(%(import_supplier)s, %(external_identifier)s) AS is_done

-- name: erase
SELECT migration.erase(%(import_supplier)s, %(external_identifier)s, %(by)s, %(reason)s)
