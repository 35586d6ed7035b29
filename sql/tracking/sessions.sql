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

-- name: backend
SELECT pg_backend_pid()
