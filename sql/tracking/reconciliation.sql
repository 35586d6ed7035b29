-- Reconciliation: what is compared, and the differences that are kept.

-- name: for_all_rows
-- A cursor is read to its end here, so the quickest way to its first row is not what counts.
SET LOCAL cursor_tuple_fraction = 1

-- name: scope
-- Waves that have something processed at Kraken, or something that may be there, or the one that was asked for. After
-- a restore any record may be there, until its import supplier is proved.
SELECT wave.id, wave.name, wave.resource, wave.import_supplier, wave.target_kraken, wave.connection_id,
    wave.dag_id, wave.mode, wave.purged_at, wave.closed_at
FROM migration.wave
WHERE CASE
    WHEN %(wave_id)s::bigint IS NOT NULL THEN wave.id = %(wave_id)s
    ELSE wave.mode = 'live'
        AND wave.connection_id = %(connection_id)s
        AND CASE
            WHEN migration.looks_up_first(wave.target_kraken, wave.import_supplier, wave.resource)
            THEN EXISTS (SELECT FROM migration.import_process AS process WHERE process.wave_id = wave.id)
            ELSE EXISTS (
                SELECT FROM migration.import_process AS process
                WHERE process.wave_id = wave.id AND process.state IN ('processed', 'parked')
            )
        END
END
ORDER BY wave.id

-- name: counts
SELECT
    wave.claimed,
    (SELECT coalesce(sum(customers), 0) FROM migration.handed_on WHERE wave_id = wave.id) AS handed_on,
    count(process.id) AS selected,
    count(*) FILTER (WHERE process.payload_hash IS NOT NULL) AS built,
    count(*) FILTER (WHERE process.payload_hash IS NULL AND process.state = 'rejected') AS rejected,
    count(*) FILTER (WHERE process.payload_hash IS NULL AND process.state <> 'rejected') AS not_built,
    count(*) FILTER (WHERE process.payload_hash IS NOT NULL AND process.state = 'invalid') AS invalid,
    count(*) FILTER (
        WHERE process.payload_hash IS NOT NULL AND process.state = 'invalid' AND EXISTS (
            SELECT FROM migration.import_error AS error
            WHERE error.import_process_id = process.id AND error.attempt = process.attempt
                AND error.stage = 'create'
        )
    ) AS refused_on_create,
    count(*) FILTER (WHERE process.payload_hash IS NOT NULL AND process.state = 'rejected') AS refused_at_gate,
    count(*) FILTER (WHERE process.payload_hash IS NOT NULL AND process.state = 'built') AS not_validated,
    count(*) FILTER (WHERE process.state = 'valid') AS not_created,
    count(*) FILTER (
        WHERE process.state = ANY (%(at_kraken)s) OR process.parked_from = ANY (%(open)s)
    ) AS created,
    count(*) FILTER (WHERE process.state IN ('processed', 'dry_run_succeeded')) AS processed,
    count(*) FILTER (WHERE process.state IN ('errored', 'dry_run_errored')) AS errored,
    count(*) FILTER (WHERE process.state = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE process.state = ANY (%(open)s)) AS open,
    count(*) FILTER (WHERE process.parked_from = ANY (%(open)s)) AS parked,
    count(*) FILTER (WHERE process.parked_from <> ALL (%(open)s)) AS parked_unsent
FROM migration.wave
LEFT JOIN migration.import_process AS process ON process.wave_id = wave.id
WHERE wave.id = %(wave_id)s
GROUP BY wave.id

-- name: batches
-- Batches whose number of customers is not what was planned, less what they handed on.
SELECT batch.batch, batch.customers AS planned, coalesce(here.customers, 0) AS found,
    coalesce(gone.customers, 0) AS handed_on
FROM migration.batch
LEFT JOIN (
    SELECT batch, count(*) AS customers
    FROM migration.import_process
    WHERE wave_id = %(wave_id)s
    GROUP BY batch
) AS here ON here.batch = batch.batch
LEFT JOIN (
    SELECT batch, sum(customers) AS customers FROM migration.handed_on WHERE wave_id = %(wave_id)s GROUP BY batch
) AS gone ON gone.batch = batch.batch
WHERE batch.wave_id = %(wave_id)s
    AND batch.customers <> coalesce(here.customers, 0) + coalesce(gone.customers, 0)
ORDER BY batch.batch

-- name: attempts
-- Records whose state, or payload, is not that of their attempt. Both are written in one statement. What was taken
-- over and is not built again has no attempt in this wave: the last one is the history of an earlier wave.
SELECT process.external_identifier, process.state,
    coalesce(attempt.outcome, CASE WHEN attempt.attempt IS NULL THEN 'no attempt' ELSE 'not ended' END) AS outcome
FROM migration.import_process AS process
LEFT JOIN LATERAL (
    -- OFFSET 0: one probe for each, rather than the attempts of all waves at once.
    SELECT attempt, wave_id, payload_hash, outcome
    FROM migration.import_attempt
    WHERE import_process_id = process.id AND attempt = process.attempt
    OFFSET 0
) AS attempt ON true
WHERE process.wave_id = %(wave_id)s
    AND process.attempt > 0
    AND NOT (
        process.state = 'planned'
        AND process.payload_hash IS NULL
        AND process.previous_wave_id IS NOT NULL
        AND coalesce(attempt.wave_id <> process.wave_id, false)
    )
    AND (
        attempt.outcome IS DISTINCT FROM CASE WHEN process.state = ANY (%(settled)s) THEN process.state END
        OR attempt.payload_hash IS DISTINCT FROM process.payload_hash
    )
ORDER BY process.id

-- name: money
-- Records whose payload does not say what the legacy database said in the same snapshot.
SELECT
    process.external_identifier, money.ledger, money.currency, money.legacy_entries, money.legacy_cents,
    coalesce(money.payload_entries, 0) AS payload_entries, coalesce(money.payload_cents, 0) AS payload_cents
FROM migration.record_money AS money
JOIN migration.import_process AS process ON process.id = money.import_process_id
WHERE money.wave_id = %(wave_id)s
    AND process.payload_hash IS NOT NULL
    AND (money.legacy_entries, money.legacy_cents) IS DISTINCT FROM (money.payload_entries, money.payload_cents)
ORDER BY process.id

-- name: batch_sums
-- Batches whose sums are no longer those that were written with the build.
SELECT batch, stage, ledger, currency, coalesce(kept.cents, 0) AS kept_cents, coalesce(found.cents, 0) AS found_cents
FROM (
    SELECT batch, stage, ledger, currency, cents FROM migration.batch_money WHERE wave_id = %(wave_id)s
) AS kept
FULL JOIN (
    SELECT batch, stage, ledger, currency, sum(cents) AS cents
    FROM migration.money_part
    WHERE wave_id = %(wave_id)s
    GROUP BY batch, stage, ledger, currency
) AS found USING (batch, stage, ledger, currency)
WHERE kept.cents IS DISTINCT FROM found.cents
ORDER BY batch, stage, ledger

-- name: has_payloads
SELECT to_regclass('migration.payload_wave_' || %(wave_id)s::bigint) IS NOT NULL

-- name: payloads
-- Of everything that was built, or of what was built from a time on.
SELECT process.id, process.attempt, process.external_identifier, process.payload_hash, payload.body
FROM migration.import_process AS process
LEFT JOIN migration.payload AS payload
    ON payload.wave_id = %(wave_id)s
    AND payload.import_process_id = process.id
    AND payload.attempt = process.attempt
WHERE process.wave_id = %(wave_id)s
    AND process.payload_hash IS NOT NULL
    AND process.erased_at IS NULL
    AND (%(since)s::timestamptz IS NULL OR process.built_at >= %(since)s)

-- name: keep
INSERT INTO migration.reconciliation_difference AS kept (
    wave_id, target_kraken, import_supplier, resource, kind, external_identifier, batch, ledger, currency,
    ours, theirs, cents, found_at, seen_at
)
SELECT
    wave_id, %(target_kraken)s, %(import_supplier)s, %(resource)s, kind, external_identifier, batch, ledger,
    currency, ours, theirs, cents, %(at)s, %(at)s
FROM unnest(
    %(wave_ids)s::bigint[], %(kinds)s::text[], %(identifiers)s::text[], %(batches)s::integer[], %(ledgers)s::text[],
    %(currencies)s::text[], %(ours)s::text[], %(theirs)s::text[], %(cents)s::numeric[]
) AS given (wave_id, kind, external_identifier, batch, ledger, currency, ours, theirs, cents)
ON CONFLICT (
    target_kraken, import_supplier, resource, kind, wave_id, external_identifier, batch, ledger, currency
) WHERE resolved_at IS NULL DO UPDATE
SET ours = excluded.ours, theirs = excluded.theirs, cents = excluded.cents, seen_at = excluded.seen_at

-- name: resolve
-- What was looked for in this scope and not found again is settled. Everything found was seen just now. An amount of a
-- customer who was erased is not looked for: it stays open until people settle it.
UPDATE migration.reconciliation_difference
SET resolved_at = %(at)s
WHERE resolved_at IS NULL
    AND target_kraken = %(target_kraken)s
    AND import_supplier = %(import_supplier)s
    AND resource = %(resource)s
    AND wave_id IS NOT DISTINCT FROM %(wave_id)s::bigint
    AND kind = ANY (%(kinds)s)
    AND seen_at < %(at)s
    AND ours IS DISTINCT FROM 'erased'

-- name: open_kinds
SELECT kind, count(*) AS differences, count(*) FILTER (WHERE owner IS NULL) AS unowned
FROM migration.reconciliation_difference
WHERE resolved_at IS NULL
    AND target_kraken = %(target_kraken)s
    AND import_supplier = %(import_supplier)s
    AND resource = %(resource)s
    AND wave_id IS NOT DISTINCT FROM %(wave_id)s::bigint
GROUP BY kind
ORDER BY kind

-- name: open_differences
SELECT kind, external_identifier, batch, ledger, currency, ours, theirs, cents, owner, found_at
FROM migration.reconciliation_difference
WHERE wave_id = %(wave_id)s AND resolved_at IS NULL
ORDER BY kind, external_identifier, batch
LIMIT %(most)s
