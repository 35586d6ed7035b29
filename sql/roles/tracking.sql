-- The roles of the tracking database: groups without a login, one set for all databases of a server. An upgrade
-- makes them itself where its user may; where it may not, an administrator runs this file once, and makes that user
-- a member of migration_owner. It may run as often as it likes, and at the same time in several databases.
DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['migration_owner', 'migration_app', 'migration_reader', 'migration_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = made) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', made);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                -- Another database's upgrade was quicker.
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;
