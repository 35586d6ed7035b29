-- Keys of waves, wrapped: what payloads, answers and digests of a wave are kept with.

-- name: may_rewrap
SELECT has_table_privilege('migration.wave_key', 'UPDATE')

-- name: lock
-- Keys of plans that are not committed yet would not be seen: those plans end first.
LOCK TABLE migration.wave_key IN SHARE ROW EXCLUSIVE MODE

-- name: insert
INSERT INTO migration.wave_key (wave_id, secret, wrapped_by, made_at, wrapped_at)
VALUES (
    %(wave_id)s, %(secret)s, %(wrapped_by)s, %(at)s, CASE WHEN %(wrapped_by)s::text IS NOT NULL THEN %(at)s END
)

-- name: of_waves
SELECT wave_id, secret, wrapped_by, made_at, destroyed_at FROM migration.wave_key WHERE wave_id = ANY (%(wave_ids)s)

-- name: sealed
-- The newest wave whose key is wrapped. A plan waits for a rotation here, before it reads what to wrap with.
LOCK TABLE migration.wave_key IN ROW EXCLUSIVE MODE;
SELECT max(wave_id) FROM migration.wave_key WHERE wrapped_by IS NOT NULL AND destroyed_at IS NULL

-- name: in_use
SELECT wrapped_by, count(*) AS waves, max(wave_id) AS newest
FROM migration.wave_key
WHERE destroyed_at IS NULL
GROUP BY wrapped_by
ORDER BY wrapped_by NULLS FIRST

-- name: wrapped_otherwise
-- A page of keys that another key has wrapped, the oldest first.
SELECT wave_id, secret, wrapped_by
FROM migration.wave_key
WHERE wrapped_by <> %(wrapped_by)s AND destroyed_at IS NULL AND wave_id > %(after)s
ORDER BY wave_id
LIMIT %(most)s

-- name: rewrap
-- A key that was destroyed meanwhile is no longer the one that was read.
UPDATE migration.wave_key AS kept
SET secret = given.secret, wrapped_by = %(wrapped_by)s, wrapped_at = %(at)s
FROM unnest(%(wave_ids)s::bigint[], %(old)s::bytea[], %(secrets)s::bytea[]) AS given (wave_id, old, secret)
WHERE kept.wave_id = given.wave_id AND kept.secret = given.old AND kept.wrapped_by IS NOT NULL
