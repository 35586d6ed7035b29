-- A database that was restored from a copy: since when creates wait for a look-up, and what ends that.

-- name: in_force
-- For a wave, or anywhere: the last restore, until the import suppliers concerned are proved.
SELECT restored_at, restored_by, reason, over_at
FROM migration.restored
WHERE id = (SELECT max(id) FROM migration.restored)
    AND (
        over_at IS NULL
        OR EXISTS (
            SELECT
            FROM (
                SELECT DISTINCT target_kraken, import_supplier, resource
                FROM migration.wave
                WHERE CASE
                    WHEN %(wave_id)s::bigint IS NOT NULL THEN id = %(wave_id)s
                    ELSE mode = 'live'
                        AND EXISTS (SELECT FROM migration.import_process AS process WHERE process.wave_id = wave.id)
                END
            ) AS scope
            WHERE migration.looks_up_first(scope.target_kraken, scope.import_supplier, scope.resource)
        )
    )

-- name: say
-- Creates that are being intended end first: those that come later see it.
LOCK TABLE migration.restored IN ACCESS EXCLUSIVE MODE;
UPDATE migration.restored SET over_at = migration.present(), over_by = %(by)s WHERE over_at IS NULL;
INSERT INTO migration.restored (restored_at, restored_by, reason)
VALUES (migration.present(), %(by)s, %(reason)s)

-- name: unproved
-- Live waves of import suppliers that are not proved since the last restore, and what is still missing: a full
-- comparison and a listing, each begun when all that was sent before the restore was visible, and no difference.
-- Without a listing Kraken shows only records that are known here. No other restore is said meanwhile.
LOCK TABLE migration.restored IN SHARE ROW EXCLUSIVE MODE;
WITH restored AS (
    SELECT id, restored_at, over_at FROM migration.restored WHERE id = (SELECT max(id) FROM migration.restored)
), live AS (
    SELECT wave.id, wave.target_kraken, wave.import_supplier, wave.resource
    FROM migration.wave
    WHERE wave.mode = 'live'
        AND EXISTS (SELECT FROM migration.import_process AS process WHERE process.wave_id = wave.id)
        AND migration.looks_up_first(wave.target_kraken, wave.import_supplier, wave.resource)
)
SELECT
    restored.over_at IS NOT NULL AS is_over,
    ARRAY(SELECT id FROM live) AS wave_ids,
    (
        SELECT count(*)
        FROM live
        WHERE NOT EXISTS (
            SELECT FROM migration.reconciliation AS run
            WHERE run.wave_id = live.id
                AND run.source <> 'none'
                AND run.extent = 'full'
                AND run.visible_until > restored.restored_at
        )
    ) AS not_compared,
    (
        SELECT count(DISTINCT (target_kraken, import_supplier, resource))
        FROM live
        WHERE NOT EXISTS (
            SELECT FROM migration.reconciliation AS run
            WHERE run.wave_id IS NULL
                AND run.target_kraken = live.target_kraken
                AND run.import_supplier = live.import_supplier
                AND run.resource = live.resource
                AND run.source = 'listing'
                AND run.visible_until > restored.restored_at
        )
    ) AS not_listed,
    (
        SELECT count(*)
        FROM migration.reconciliation_difference AS difference
        WHERE difference.resolved_at IS NULL
            AND (
                restored.over_at IS NULL
                OR (difference.target_kraken, difference.import_supplier, difference.resource) IN (
                    SELECT target_kraken, import_supplier, resource FROM live
                )
            )
    ) AS differences
FROM restored

-- name: end
-- Proved are the import suppliers of the waves that were looked at: a plan may have brought others meanwhile.
INSERT INTO migration.restored_proof (
    restored_id, target_kraken, import_supplier, resource, proved_at, proved_by
)
SELECT DISTINCT (SELECT max(id) FROM migration.restored), target_kraken, import_supplier, resource,
    migration.present(), %(by)s
FROM migration.wave
WHERE id = ANY (%(wave_ids)s);
UPDATE migration.restored
SET over_at = coalesce(over_at, migration.present()), over_by = coalesce(over_by, %(by)s),
    unlisted = nullif(concat_ws(' ', unlisted, %(unlisted)s), '')
WHERE id = (SELECT max(id) FROM migration.restored)
