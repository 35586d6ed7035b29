-- The role that tells the legacy system whom to hold, and nothing else: for a member of it the Connection
-- `legacy_writeback` is made. Run in the legacy database by the owner of the table that hold.sql and release.sql write
-- to, with its name in place of legacy.migration_hold. It may run as often as it likes.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'legacy_writeback') THEN
        BEGIN
            CREATE ROLE legacy_writeback NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- It was made for another database in the meantime.
            NULL;
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA legacy TO legacy_writeback;
GRANT SELECT, INSERT, DELETE ON legacy.migration_hold TO legacy_writeback;
