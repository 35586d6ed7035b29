-- Reconciliation: what is compared, and the differences that are kept.

-- name: scope
-- Waves that have something processed at Kraken, or something that may be there, or the one that was asked for.
SELECT wave.id, wave.name, wave.resource, wave.import_supplier, wave.target_kraken, wave.connection_id,
    wave.dag_id, wave.mode, wave.purged_at
FROM migration.wave
WHERE CASE
    WHEN %(wave_id)s::bigint IS NOT NULL THEN wave.id = %(wave_id)s
    ELSE wave.mode = 'live'
        AND wave.connection_id = %(connection_id)s
        AND EXISTS (
            SELECT FROM migration.import_process AS process
            WHERE process.wave_id = wave.id AND process.state IN ('processed', 'parked')
        )
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
LEFT JOIN migration.import_attempt AS attempt
    ON attempt.import_process_id = process.id AND attempt.attempt = process.attempt
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
    FROM (
        SELECT money.batch, side.stage, money.ledger, money.currency, side.cents
        FROM migration.record_money AS money
        CROSS JOIN LATERAL (
            VALUES ('legacy', money.legacy_entries, money.legacy_cents),
                ('payload', money.payload_entries, money.payload_cents)
        ) AS side (stage, entries, cents)
        WHERE money.wave_id = %(wave_id)s AND side.entries > 0
        UNION ALL
        SELECT batch, stage, ledger, currency, cents FROM migration.handed_on_money WHERE wave_id = %(wave_id)s
    ) AS part
    GROUP BY batch, stage, ledger, currency
) AS found USING (batch, stage, ledger, currency)
WHERE kept.cents IS DISTINCT FROM found.cents
ORDER BY batch, stage, ledger

-- name: has_payloads
SELECT to_regclass('migration.payload_wave_' || %(wave_id)s::bigint) IS NOT NULL

-- name: payload_page
SELECT process.id, process.external_identifier, process.payload_hash, payload.body
FROM migration.import_process AS process
LEFT JOIN migration.payload AS payload
    ON payload.wave_id = %(wave_id)s
    AND payload.import_process_id = process.id
    AND payload.attempt = process.attempt
WHERE process.wave_id = %(wave_id)s AND process.payload_hash IS NOT NULL AND process.id > %(after)s
ORDER BY process.id
LIMIT %(most)s

-- name: create_theirs
CREATE TEMPORARY TABLE IF NOT EXISTS theirs (
    imported boolean NOT NULL,
    external_identifier text NOT NULL,
    kraken_identifier text
);
TRUNCATE theirs

-- name: drop_theirs
DROP TABLE IF EXISTS theirs

-- name: forget_theirs
DELETE FROM theirs WHERE imported = %(imported)s

-- name: add_theirs
INSERT INTO theirs (imported, external_identifier, kraken_identifier)
SELECT %(imported)s, external_identifier, kraken_identifier
FROM unnest(%(identifiers)s::text[], %(kraken_identifiers)s::text[]) AS given (external_identifier, kraken_identifier)

-- name: index_theirs
CREATE INDEX IF NOT EXISTS theirs_idx ON theirs (external_identifier);
ANALYZE theirs

-- name: unknown_here
-- Kraken has them, and no wave of ours does. A wrong import supplier, or an empty tracking database, would make
-- millions of them: the first ones say it as well.
SELECT external_identifier, min(kraken_identifier) AS kraken_identifier, bool_or(imported) AS imported,
    count(*) OVER () AS total
FROM theirs
WHERE NOT EXISTS (
    SELECT FROM migration.import_process AS process
    WHERE process.import_supplier = %(import_supplier)s
        AND process.external_identifier = theirs.external_identifier
        AND process.resource = %(resource)s
        AND process.mode = 'live'
        AND process.target_kraken = %(target_kraken)s
)
GROUP BY external_identifier
ORDER BY external_identifier
LIMIT %(most)s

-- name: doubled
-- Kraken lists them more than once, in one and the same listing.
SELECT twice.external_identifier, twice.times, process.wave_id, coalesce(process.state, 'unknown') AS state
FROM (
    SELECT external_identifier, max(times) AS times
    FROM (
        SELECT external_identifier, imported, count(*) AS times FROM theirs GROUP BY external_identifier, imported
    ) AS listed
    GROUP BY external_identifier
    HAVING max(times) > 1
) AS twice
LEFT JOIN migration.import_process AS process
    ON process.import_supplier = %(import_supplier)s
    AND process.external_identifier = twice.external_identifier
    AND process.resource = %(resource)s
    AND process.mode = 'live'
    AND process.target_kraken = %(target_kraken)s
ORDER BY twice.external_identifier

-- name: suspects
-- Records of a wave whose listing is not what their state implies, and those that are parked, listed or not: to
-- be asked for one by one.
WITH listed AS (
    SELECT external_identifier, bool_or(imported) AS imported,
        array_agg(DISTINCT kraken_identifier) FILTER (WHERE kraken_identifier IS NOT NULL) AS identifiers
    FROM theirs
    GROUP BY external_identifier
)
SELECT process.id, process.external_identifier, process.state, process.kraken_identifier
FROM migration.import_process AS process
LEFT JOIN listed USING (external_identifier)
WHERE process.wave_id = %(wave_id)s
    AND CASE
        WHEN process.state = 'processed' THEN
            listed.external_identifier IS NULL
            OR NOT listed.imported
            OR NOT coalesce(process.kraken_identifier = ANY (listed.identifiers), false)
        WHEN process.state = 'parked' THEN true
        WHEN process.state IN ('errored', 'cancelled') THEN coalesce(listed.imported, false)
        WHEN process.state = ANY (%(never_created)s) THEN listed.external_identifier IS NOT NULL
        ELSE false
    END
    AND process.id > %(after)s
ORDER BY process.id
LIMIT %(most)s

-- name: settled_page
-- Records of a wave to be asked for one by one, where Kraken has no listing.
SELECT process.id, process.external_identifier, process.state, process.kraken_identifier
FROM migration.import_process AS process
WHERE process.wave_id = %(wave_id)s
    AND process.state = ANY (%(states)s)
    AND process.id > %(after)s
ORDER BY process.id
LIMIT %(most)s

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
    %(currencies)s::text[], %(ours)s::text[], %(theirs)s::text[], %(cents)s::bigint[]
) AS given (wave_id, kind, external_identifier, batch, ledger, currency, ours, theirs, cents)
ON CONFLICT (
    target_kraken, import_supplier, resource, kind, wave_id, external_identifier, batch, ledger, currency
) WHERE resolved_at IS NULL DO UPDATE
SET ours = excluded.ours, theirs = excluded.theirs, cents = excluded.cents, seen_at = excluded.seen_at

-- name: resolve
-- What was looked for in this scope and not found again is settled. Everything found was seen just now.
UPDATE migration.reconciliation_difference
SET resolved_at = %(at)s
WHERE resolved_at IS NULL
    AND target_kraken = %(target_kraken)s
    AND import_supplier = %(import_supplier)s
    AND resource = %(resource)s
    AND wave_id IS NOT DISTINCT FROM %(wave_id)s::bigint
    AND kind = ANY (%(kinds)s)
    AND seen_at < %(at)s

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

-- name: record_run
INSERT INTO migration.reconciliation (
    wave_id, target_kraken, import_supplier, resource, source, counts, differences, reconciled_at
)
VALUES (
    %(wave_id)s, %(target_kraken)s, %(import_supplier)s, %(resource)s, %(source)s, %(counts)s::jsonb,
    %(differences)s, %(at)s
)

-- name: last_run
SELECT source, counts, differences, reconciled_at
FROM migration.reconciliation
WHERE wave_id = %(wave_id)s
ORDER BY id DESC
LIMIT 1

-- name: open_differences
SELECT kind, external_identifier, batch, ledger, currency, ours, theirs, cents, owner, found_at
FROM migration.reconciliation_difference
WHERE wave_id = %(wave_id)s AND resolved_at IS NULL
ORDER BY kind, external_identifier, batch
LIMIT %(most)s
