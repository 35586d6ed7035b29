-- Each foreign key is a look-up for each row that is written, and a record has ten events or more. Those that go say
-- nothing that is not certain otherwise.

-- The batch of an import process is one of that wave.
ALTER TABLE migration.import_process DROP CONSTRAINT import_process_wave_id_fkey;

-- Attempts and events are written in the statement that writes their import process, with what it returns; and
-- neither import processes nor waves are ever deleted.
ALTER TABLE migration.import_attempt
    DROP CONSTRAINT import_attempt_wave_id_fkey,
    DROP CONSTRAINT import_attempt_import_process_id_fkey;
ALTER TABLE migration.import_event DROP CONSTRAINT import_event_import_process_id_fkey;

CREATE FUNCTION migration.refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION migration.refuse_deletion IS 'Refuses to delete rows that a history refers to.';

CREATE TRIGGER import_process_stays
    BEFORE DELETE ON migration.import_process
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_deletion();
CREATE TRIGGER wave_stays
    BEFORE DELETE ON migration.wave
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_deletion();

-- The few that wait for a person were found among all that is open.
CREATE INDEX import_process_parked_idx ON migration.import_process (wave_id) WHERE state = 'parked';
