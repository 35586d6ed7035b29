-- What Kraken lists of one import supplier, and the records about which that raises a doubt. Temporary tables: they
-- belong to the connection that reconciles.

-- name: begin
-- What another run left on this connection goes.
DROP TABLE IF EXISTS theirs, listed, doubted;
CREATE TEMPORARY TABLE theirs (
    imported boolean NOT NULL,
    external_identifier text NOT NULL,
    kraken_identifier text
);
CREATE TEMPORARY TABLE doubted (
    wave_id bigint NOT NULL,
    id bigint NOT NULL,
    mark bigint NOT NULL,
    PRIMARY KEY (wave_id, id)
)

-- name: end
DROP TABLE IF EXISTS theirs, listed, doubted

-- name: forget
DELETE FROM theirs WHERE imported = %(imported)s

-- name: copy
COPY theirs (imported, external_identifier, kraken_identifier) FROM STDIN

-- name: aggregate
-- Once for all waves of the import supplier. `times`: how often in one and the same listing.
SET LOCAL work_mem = '64MB';
CREATE TEMPORARY TABLE listed AS
SELECT external_identifier,
    bool_or(imported) AS imported,
    array_agg(kraken_identifier) FILTER (WHERE kraken_identifier IS NOT NULL) AS identifiers,
    greatest(count(*) FILTER (WHERE imported), count(*) FILTER (WHERE NOT imported)) AS times
FROM theirs
GROUP BY external_identifier;
TRUNCATE theirs;
ANALYZE listed

-- name: unknown_here
-- Kraken has them, and no wave of ours does. A wrong import supplier, or an empty tracking database, would make
-- millions of them: the first ones say it as well.
SELECT external_identifier, imported, count(*) OVER () AS total,
    (SELECT min(identifier) FROM unnest(identifiers) AS identifier) AS kraken_identifier
FROM listed
WHERE NOT EXISTS (
    SELECT FROM migration.import_process AS process
    WHERE process.import_supplier = %(import_supplier)s
        AND process.external_identifier = listed.external_identifier
        AND process.resource = %(resource)s
        AND process.mode = 'live'
        AND process.target_kraken = %(target_kraken)s
)
    AND (
        NOT EXISTS (SELECT FROM migration.erasure)
        OR NOT migration.is_erased(%(import_supplier)s, listed.external_identifier)
    )
ORDER BY external_identifier
LIMIT %(most)s

-- name: doubled
-- Kraken lists them more than once, in one and the same listing. Only those of the waves that are looked at, and
-- those that no wave has.
SELECT listed.external_identifier, listed.times, process.wave_id, coalesce(process.state, 'unknown') AS state
FROM listed
LEFT JOIN migration.import_process AS process
    ON process.import_supplier = %(import_supplier)s
    AND process.external_identifier = listed.external_identifier
    AND process.resource = %(resource)s
    AND process.mode = 'live'
    AND process.target_kraken = %(target_kraken)s
WHERE listed.times > 1 AND (process.wave_id IS NULL OR process.wave_id = ANY (%(wave_ids)s))
    AND NOT migration.is_erased(%(import_supplier)s, listed.external_identifier)

-- name: doubt
-- Records whose listing is not what their state implies, and those that are parked, listed or not: to be asked for
-- one by one. The mark is another one when either side says something else of the record.
SET LOCAL work_mem = '64MB';
INSERT INTO doubted (wave_id, id, mark)
SELECT process.wave_id, process.id,
    hash_record_extended(
        ROW(
            process.id,
            process.state,
            process.kraken_identifier,
            listed.imported,
            listed.times,
            (SELECT bit_xor(hashtextextended(identifier, 0)) FROM unnest(listed.identifiers) AS identifier)
        ),
        0
    )
FROM migration.import_process AS process
LEFT JOIN listed USING (external_identifier)
WHERE process.wave_id = ANY (%(wave_ids)s)
    AND process.erased_at IS NULL
    AND CASE
        WHEN process.state = 'processed' THEN
            listed.external_identifier IS NULL
            OR NOT listed.imported
            OR NOT coalesce(process.kraken_identifier = ANY (listed.identifiers), false)
        WHEN process.state = 'parked' THEN true
        WHEN process.state IN ('errored', 'cancelled') THEN coalesce(listed.imported, false)
        WHEN process.state = ANY (%(never_created)s) THEN listed.external_identifier IS NOT NULL
        ELSE false
    END;
ANALYZE doubted

-- name: doubt_all
-- Without a listing: the records of a wave that are asked for one by one.
TRUNCATE doubted;
INSERT INTO doubted (wave_id, id, mark)
SELECT wave_id, id, 0
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s) AND erased_at IS NULL;
ANALYZE doubted

-- name: doubts
SELECT wave_id, count(*) AS records, count(*) || ':' || bit_xor(mark) AS mark FROM doubted GROUP BY wave_id

-- name: doubted_page
-- As they stand now. What has moved on since the doubt, to Kraken or into another wave, has no state here: it is
-- compared the next time.
SELECT page.id, process.external_identifier, process.kraken_identifier,
    CASE WHEN process.wave_id = %(wave_id)s AND process.state <> ALL (%(open)s) THEN process.state END AS state
FROM (
    SELECT id
    FROM doubted
    WHERE wave_id = %(wave_id)s AND id > %(after)s
    ORDER BY id
    LIMIT %(most)s
) AS page
JOIN migration.import_process AS process ON process.id = page.id
ORDER BY page.id
