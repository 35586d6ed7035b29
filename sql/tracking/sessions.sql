-- What a session of the tracking database is made of, before its first lock.

-- name: settle
-- What was chosen in the options of the Connection, for the role or for the database, stays as it was chosen.
WITH ours AS MATERIALIZED (
    SELECT given.name, given.value
    FROM unnest(%(names)s::text[], %(values)s::text[]) AS given (name, value)
    JOIN pg_settings AS setting ON setting.name = given.name
    WHERE setting.source NOT IN ('client', 'database', 'user', 'database user')
)
SELECT set_config(name, value, false) FROM ours
UNION ALL
-- No choice: a commit that is acknowledged before it is written, here and on a synchronous standby, can be an
-- intent that is lost while its create is under way.
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')
UNION ALL
-- Nor here: what reports and sentences show is in UTC, and says so.
SELECT set_config('TimeZone', 'UTC', false)

-- name: bound
SELECT set_config('statement_timeout', %(seconds)s || 's', true)

-- name: backend
SELECT pg_backend_pid()
