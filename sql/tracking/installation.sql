-- Which Airflow alone may plan, validate and create here. The only clock is the database's.

-- name: is_fresh
SELECT EXISTS (
    SELECT FROM migration.installation
    WHERE id = %(id)s AND seen_at > migration.present() - interval '1 minute'
)

-- name: schema_version
SELECT version_num FROM migration.schema_version

-- name: claim
-- No row comes back while another is alive.
INSERT INTO migration.installation AS held (id, name, first_seen_at, seen_at)
VALUES (%(id)s, %(name)s, migration.present(), migration.present())
ON CONFLICT (is_only) DO UPDATE
SET id = excluded.id,
    name = excluded.name,
    first_seen_at = CASE WHEN held.id = excluded.id THEN held.first_seen_at ELSE excluded.first_seen_at END,
    seen_at = excluded.seen_at
WHERE held.id = excluded.id OR held.seen_at < migration.present() - %(lapse)s
RETURNING id

-- name: renew
UPDATE migration.installation SET seen_at = migration.present() WHERE id = %(id)s

-- name: holder
SELECT name, seen_at, seen_at + %(lapse)s AS lapses_at FROM migration.installation

-- name: free
DELETE FROM migration.installation RETURNING name, seen_at, seen_at + %(lapse)s AS lapses_at

-- name: lock_naming
SELECT pg_advisory_xact_lock(%(key)s)
