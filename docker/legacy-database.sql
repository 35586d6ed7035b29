-- The roles and the database of the demo's made-up customers, who belong to `legacy`; tasks are `legacy_app`, which
-- may only read them. Run as the superuser at each start.
\set ON_ERROR_STOP on
\set legacy_password `cat "${SECRETS:-/run/secrets}/legacy_password"`
\set legacy_app_password `cat "${SECRETS:-/run/secrets}/legacy_app_password"`

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['legacy', 'legacy_app', 'legacy_reader', 'legacy_writeback']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE legacy LOGIN PASSWORD :'legacy_password';
ALTER ROLE legacy_app LOGIN PASSWORD :'legacy_app_password';
GRANT legacy_reader TO legacy_app;

SELECT 'CREATE DATABASE legacy OWNER legacy' WHERE 'legacy' NOT IN (SELECT datname FROM pg_database) \gexec

REVOKE CONNECT ON DATABASE legacy FROM public;
GRANT CONNECT ON DATABASE legacy TO legacy_reader;
