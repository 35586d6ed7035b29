-- Roles and databases for Airflow and for the migration. Run as the superuser at each start, so that the passwords
-- follow their files. `tracking` owns the tracking schema and upgrades it; tasks are `tracking_app`, which may not
-- change what is append-only, and the console is `tracking_reader`. The groups migration_… get their rights from the upgrade; give people a login in
-- migration_reader or migration_auditor.
\set ON_ERROR_STOP on
-- A file that is not there would clear the password of a running installation.
\! for name in airflow tracking tracking_app tracking_reader; do test -s "${SECRETS:-/run/secrets}/${name}_password" || echo "There is no password in ${SECRETS:-/run/secrets}/${name}_password: run docker/prepare.py, or name its folder by SECRETS." >&2; done
\set are_there `for name in airflow tracking tracking_app tracking_reader; do test -s "${SECRETS:-/run/secrets}/${name}_password" || { echo false; exit; }; done; echo true`
\if :are_there
\else
    SELECT 1 / 0 AS no_password;
\endif
\set airflow_password `cat "${SECRETS:-/run/secrets}/airflow_password"`
\set tracking_password `cat "${SECRETS:-/run/secrets}/tracking_password"`
\set tracking_app_password `cat "${SECRETS:-/run/secrets}/tracking_app_password"`
\set tracking_reader_password `cat "${SECRETS:-/run/secrets}/tracking_reader_password"`

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY[
    'airflow', 'tracking', 'tracking_app', 'tracking_reader',
    'migration_owner', 'migration_app', 'migration_reader', 'migration_auditor'
]) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE airflow LOGIN PASSWORD :'airflow_password';
ALTER ROLE tracking LOGIN PASSWORD :'tracking_password';
ALTER ROLE tracking_app LOGIN PASSWORD :'tracking_app_password';
ALTER ROLE tracking_reader LOGIN PASSWORD :'tracking_reader_password';
GRANT migration_owner TO tracking;
GRANT migration_app TO tracking_app;
GRANT migration_reader TO tracking_reader;

SELECT format('CREATE DATABASE %1$I OWNER %1$I', name)
FROM unnest(ARRAY['airflow', 'tracking']) AS name
WHERE name NOT IN (SELECT datname FROM pg_database) \gexec

-- By default every role may connect to every database.
REVOKE CONNECT ON DATABASE airflow, tracking FROM public;
GRANT CONNECT ON DATABASE tracking TO migration_reader, migration_auditor;
GRANT CONNECT, TEMPORARY ON DATABASE tracking TO migration_app;
