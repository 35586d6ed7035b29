-- Balances by record and batch.

-- name: replace_records
WITH gone AS (
    DELETE FROM migration.record_money AS money
    WHERE money.import_process_id = ANY (%(built)s)
        AND (money.import_process_id, money.ledger, money.currency) NOT IN (
            SELECT id, ledger, currency
            FROM unnest(%(ids)s::bigint[], %(ledgers)s::text[], %(currencies)s::text[])
                AS given (id, ledger, currency)
        )
)
INSERT INTO migration.record_money (
    wave_id, batch, import_process_id, ledger, currency, legacy_entries, legacy_cents, payload_entries,
    payload_cents
)
SELECT %(wave_id)s, %(batch)s, id, ledger, currency, legacy_entries, legacy_cents, payload_entries, payload_cents
FROM unnest(
    %(ids)s::bigint[], %(ledgers)s::text[], %(currencies)s::text[], %(legacy_entries)s::integer[],
    %(legacy_cents)s::numeric[], %(payload_entries)s::integer[], %(payload_cents)s::numeric[]
) AS given (id, ledger, currency, legacy_entries, legacy_cents, payload_entries, payload_cents)
ON CONFLICT (import_process_id, ledger, currency) DO UPDATE
SET wave_id = excluded.wave_id,
    batch = excluded.batch,
    legacy_entries = excluded.legacy_entries,
    legacy_cents = excluded.legacy_cents,
    payload_entries = excluded.payload_entries,
    payload_cents = excluded.payload_cents

-- name: clear_batch
DELETE FROM migration.batch_money WHERE wave_id = %(wave_id)s AND batch = %(batch)s

-- name: sum_batch
-- Only part of a batch may have been built again, so its sums are taken from all of its records, and from those
-- that were handed on after they had been built.
INSERT INTO migration.batch_money (wave_id, batch, stage, ledger, currency, customers, cents)
SELECT %(wave_id)s, %(batch)s, stage, ledger, currency, sum(customers), sum(cents)
FROM migration.money_part
WHERE wave_id = %(wave_id)s AND batch = %(batch)s
GROUP BY stage, ledger, currency

-- name: take_over
-- For customers that a wave takes over, the sums stay with the wave that built them, and the amounts go: the new wave reads
-- its own. Once for the whole plan, after the claims, so that it sees what a build was still writing when they began.
WITH gone AS (
    DELETE FROM migration.record_money AS money
    USING migration.import_process AS process
    WHERE EXISTS (SELECT FROM migration.handed_on WHERE to_wave_id = %(wave_id)s)
        AND process.wave_id = %(wave_id)s
        AND process.previous_wave_id IS NOT NULL
        AND money.import_process_id = process.id
        AND money.wave_id <> process.wave_id
    RETURNING money.wave_id, money.batch, money.ledger, money.currency, money.legacy_entries, money.legacy_cents,
        money.payload_entries, money.payload_cents
)
INSERT INTO migration.handed_on_money (
    wave_id, batch, to_wave_id, stage, ledger, currency, customers, cents, handed_on_at
)
SELECT gone.wave_id, gone.batch, %(wave_id)s, side.stage, gone.ledger, gone.currency, count(*), sum(side.cents), %(at)s
FROM gone
CROSS JOIN LATERAL (
    VALUES ('legacy', gone.legacy_entries, gone.legacy_cents), ('payload', gone.payload_entries, gone.payload_cents)
) AS side (stage, entries, cents)
WHERE side.entries > 0
GROUP BY gone.wave_id, gone.batch, side.stage, gone.ledger, gone.currency

-- name: handed_on
SELECT ledger, currency, sum(cents) AS cents
FROM migration.handed_on_money
WHERE wave_id = %(wave_id)s AND stage = 'legacy'
GROUP BY ledger, currency
ORDER BY currency, ledger

-- name: by_fate
-- What became of the money of a wave; `built` says whether there is a payload.
SELECT
    money.ledger, money.currency, process.state, process.payload_hash IS NOT NULL AS built,
    count(*) AS customers, sum(money.legacy_cents) AS legacy_cents,
    coalesce(sum(money.payload_cents), 0) AS payload_cents
FROM migration.record_money AS money
JOIN migration.import_process AS process ON process.id = money.import_process_id
WHERE money.wave_id = %(wave_id)s
GROUP BY money.ledger, money.currency, process.state, built
UNION ALL
SELECT ledger, currency, state, built, customers, legacy_cents, payload_cents
FROM migration.purged_money
WHERE wave_id = %(wave_id)s
UNION ALL
SELECT ledger, currency, state, built, customers, legacy_cents, payload_cents
FROM migration.erased_money
WHERE wave_id = %(wave_id)s
ORDER BY currency, ledger, state
