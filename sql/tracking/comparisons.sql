-- How waves stand since they were last reconciled, and the runs that are kept.

-- name: standings
-- The watermark is taken from what is compared, not from times: whatever is committed later shows, however late.
-- `payloads_differ`: also where the last run found one and a person has settled it since.
WITH record AS (
    SELECT wave_id, count(*) AS records,
        bit_xor(hash_record_extended(ROW(id, batch, state, attempt, payload_hash, kraken_identifier, parked_from), 0))
            AS digest
    FROM migration.import_process
    WHERE wave_id = ANY (%(wave_ids)s)
    GROUP BY wave_id
)
SELECT
    wave.id AS wave_id,
    migration.present() AS read_at,
    ROW(
        wave.claimed,
        wave.purged_at IS NOT NULL,
        record.records,
        record.digest,
        (
            SELECT bit_xor(hash_record_extended(ROW(batch.batch, batch.customers), 0))
            FROM migration.batch
            WHERE batch.wave_id = wave.id
        ),
        (
            SELECT bit_xor(hash_record_extended(ROW(money.batch, stage, ledger, currency, customers, cents), 0))
            FROM migration.batch_money AS money
            WHERE money.wave_id = wave.id
        ),
        (SELECT count(*) FROM migration.handed_on WHERE handed_on.wave_id = wave.id),
        (SELECT count(*) FROM migration.handed_on_money AS money WHERE money.wave_id = wave.id)
    )::text AS watermark,
    coalesce(last.differences, 0) > 0
        OR EXISTS (
            SELECT FROM migration.reconciliation_difference AS difference
            WHERE difference.wave_id = wave.id AND difference.resolved_at IS NULL
        ) AS differs,
    EXISTS (
        SELECT FROM migration.reconciliation_difference AS difference
        WHERE difference.wave_id = wave.id
            AND difference.kind = ANY (%(payload_kinds)s)
            AND (difference.resolved_at IS NULL OR difference.seen_at >= last.reconciled_at)
    ) AS payloads_differ,
    last.watermark AS last_watermark,
    last.doubts AS last_doubts,
    last.compared_at,
    last.full_at
FROM migration.wave
LEFT JOIN record ON record.wave_id = wave.id
LEFT JOIN LATERAL (
    SELECT watermark, doubts, compared_at, full_at, differences, reconciled_at
    FROM migration.reconciliation
    WHERE wave_id = wave.id
    ORDER BY id DESC
    LIMIT 1
) AS last ON true
WHERE wave.id = ANY (%(wave_ids)s)

-- name: record_run
INSERT INTO migration.reconciliation (
    wave_id, target_kraken, import_supplier, resource, source, counts, differences, reconciled_at,
    extent, watermark, doubts, compared_at, full_at, visible_until
)
VALUES (
    %(wave_id)s, %(target_kraken)s, %(import_supplier)s, %(resource)s, %(source)s, %(counts)s::jsonb,
    %(differences)s, %(at)s, %(extent)s, %(watermark)s, %(doubts)s, %(compared_at)s, %(full_at)s,
    %(visible_until)s
)

-- name: last_run
SELECT source, counts, differences, reconciled_at, extent, compared_at
FROM migration.reconciliation
WHERE wave_id = %(wave_id)s
ORDER BY id DESC
LIMIT 1
