-- Purging: the personal data of a wave goes, its outcome stays.

-- name: lock
-- Intents and orders wait; no create is committed and no rerun selects its records before the transaction ends.
SELECT
    wave.mode, wave.finished_at, wave.purged_at,
    (
        SELECT count(*)
        FROM migration.import_process AS process
        WHERE process.wave_id = wave.id AND process.state <> ALL (%(ended)s)
    ) AS unended
FROM migration.wave
WHERE wave.id = %(wave_id)s
FOR UPDATE

-- name: keep_sums
INSERT INTO migration.purged_money (
    wave_id, ledger, currency, state, built, customers, legacy_cents, payload_cents
)
SELECT %(wave_id)s, money.ledger, money.currency, process.state, process.payload_hash IS NOT NULL AS built,
    count(*), sum(money.legacy_cents), coalesce(sum(money.payload_cents), 0)
FROM migration.record_money AS money
CROSS JOIN LATERAL (
    -- OFFSET 0: one probe for each, rather than all customers at once.
    SELECT state, payload_hash FROM migration.import_process WHERE id = money.import_process_id OFFSET 0
) AS process
WHERE money.wave_id = %(wave_id)s
GROUP BY money.ledger, money.currency, process.state, built

-- name: delete_amounts
DELETE FROM migration.record_money WHERE wave_id = %(wave_id)s

-- name: delete_digests
DELETE FROM migration.shared_value WHERE wave_id = %(wave_id)s

-- name: destroy_key
-- What is left of payloads and answers is opened by no key of this database. A copy of it from before has the key
-- still, and the wrapping key opens that.
SELECT migration.destroy_key(%(wave_id)s)

-- name: blank_settled_differences
-- Open differences keep their amounts: their owners work on them.
UPDATE migration.reconciliation_difference
SET ours = 'purged', theirs = 'purged', cents = NULL
WHERE wave_id = %(wave_id)s
    AND resolved_at IS NOT NULL
    AND external_identifier IS NOT NULL
    AND cents IS NOT NULL

-- name: record
-- Nothing can be created from payloads that are gone, so the wave is closed with it.
WITH logged AS (
    INSERT INTO migration.wave_purge (wave_id, ordered_by, reason, purged_at)
    VALUES (%(wave_id)s, %(ordered_by)s, %(reason)s, %(at)s)
)
UPDATE migration.wave
SET purged_at = %(at)s, closed_at = coalesce(closed_at, %(at)s), closed_by = coalesce(closed_by, %(ordered_by)s)
WHERE id = %(wave_id)s

-- name: drop_partitions
-- The last step, since no wave can write until the commit: if the tables cannot be had soon, it gives way.
SET LOCAL lock_timeout = '2s';
SELECT migration.drop_partitions(%(wave_id)s)

-- name: purged_at
SELECT purged_at FROM migration.wave WHERE id = %(wave_id)s
