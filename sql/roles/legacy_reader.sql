-- The role that reads customers out of the legacy database, and nothing else: for a member of it the Connection `legacy`
-- is made. Run in the legacy database by the owner of the customers' tables, with the name of their schema in place of
-- legacy. It may run as often as it likes.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'legacy_reader') THEN
        BEGIN
            CREATE ROLE legacy_reader NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- It was made for another database in the meantime.
            NULL;
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA legacy TO legacy_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA legacy TO legacy_reader;
-- Tables that this user makes later, too.
ALTER DEFAULT PRIVILEGES IN SCHEMA legacy GRANT SELECT ON TABLES TO legacy_reader;
