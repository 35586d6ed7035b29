-- What people ordered in the console.

-- name: begin
-- The second press of a button finds the row of the first.
INSERT INTO migration.console_action (
    id, kind, dialect, wave_id, selection_id, records, scope, reason, ordered_by, ordered_at, dag_id, run_id,
    asked_for
)
VALUES (
    %(id)s, %(kind)s, %(dialect)s, %(wave_id)s, %(selection_id)s, %(records)s, %(scope)s, %(reason)s,
    %(ordered_by)s, migration.present(), %(dag_id)s, %(run_id)s, %(asked_for)s::jsonb
)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: hold
-- Of the session: it ends with the process that carries the order out.
SELECT pg_try_advisory_lock(1720461, hashtext(%(id)s))

-- name: is_held
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 1720461 AND objsubid = 2
        AND objid = (hashtext(%(id)s)::bigint & 4294967295)::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)

-- name: link
-- What an order is about, and what carries it out, where that is known only while it is given.
UPDATE migration.console_action
SET selection_id = coalesce(%(selection_id)s, selection_id), dag_id = coalesce(%(dag_id)s, dag_id),
    run_id = coalesce(%(run_id)s, run_id)
WHERE id = %(id)s

-- name: end
-- The first end stands.
UPDATE migration.console_action
SET ended_at = migration.present(), outcome = %(outcome)s, result = %(result)s
WHERE id = %(id)s AND ended_at IS NULL

-- name: find
SELECT id, kind, dialect, wave_id, selection_id, records, scope, reason, ordered_by, ordered_at, dag_id, run_id,
    asked_for, ended_at, outcome, result
FROM migration.console_action
WHERE id = %(id)s

-- name: latest
SELECT id, kind, dialect, wave_id, selection_id, records, scope, reason, ordered_by, ordered_at, dag_id, run_id,
    asked_for, ended_at, outcome, result
FROM migration.console_action
WHERE (%(wave_id)s::bigint IS NULL OR wave_id = %(wave_id)s)
    AND (dialect IS NULL OR dialect = ANY (%(dialects)s))
ORDER BY ordered_at DESC
LIMIT %(most)s
