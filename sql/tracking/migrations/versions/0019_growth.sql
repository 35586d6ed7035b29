-- What keeps the database quick at ten million records, and the events that were archived.

-- The report of a wave read every attempt of every wave. A page keeps room for the ends of its attempts, so that
-- writing an end touches no index: the two together cost what attempts have cost so far.
CREATE INDEX import_attempt_wave_idx ON migration.import_attempt (wave_id);
ALTER TABLE migration.import_attempt SET (fillfactor = 70);

-- A customer who has migrated stays held, and that hold needs no further look. One column says of both ends that they
-- have come, so that Postgres knows how few are left.
ALTER TABLE migration.legacy_hold ADD COLUMN done_at timestamptz;
COMMENT ON COLUMN migration.legacy_hold.done_at IS 'Since when nothing is left to do: the customer was let go of, or has migrated and stays held; NULL until then.';
UPDATE migration.legacy_hold
SET done_at = coalesce(legacy_hold.released_at, process.settled_at)
FROM migration.import_process AS process
WHERE process.id = legacy_hold.import_process_id
    AND (legacy_hold.released_at IS NOT NULL OR process.state = 'processed');
ALTER TABLE migration.legacy_hold ADD CHECK (released_at IS NULL OR done_at IS NOT NULL);
DROP INDEX migration.legacy_hold_held_idx;
CREATE INDEX legacy_hold_held_idx ON migration.legacy_hold (import_process_id) WHERE done_at IS NULL;

-- What was wrong on the way to Kraken stayed with records that have arrived there.
UPDATE migration.import_process
SET first_error_code = NULL, first_error_path = NULL
WHERE state IN ('processed', 'dry_run_succeeded') AND first_error_code IS NOT NULL;

CREATE TABLE migration.event_archive (
    wave_id             bigint PRIMARY KEY REFERENCES migration.wave,
    file                text NOT NULL,
    sha256              bytea NOT NULL,
    events              bigint NOT NULL CHECK (events > 0),
    last_event_id       bigint NOT NULL,
    archived_by         text NOT NULL,
    archived_at         timestamptz NOT NULL,
    deleted_at          timestamptz
);

COMMENT ON TABLE migration.event_archive IS 'Purged waves whose events were written to a file, and then deleted here.';
COMMENT ON COLUMN migration.event_archive.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.event_archive.file IS 'Name of the file, without its folder.';
COMMENT ON COLUMN migration.event_archive.sha256 IS 'SHA-256 of the file.';
COMMENT ON COLUMN migration.event_archive.events IS 'How many events are in it, counted when it was read back.';
COMMENT ON COLUMN migration.event_archive.last_event_id IS 'The last of them: what came later is not in the file, and stays.';
COMMENT ON COLUMN migration.event_archive.archived_by IS 'User of the machine on which the command ran.';
COMMENT ON COLUMN migration.event_archive.archived_at IS 'When the file was complete.';
COMMENT ON COLUMN migration.event_archive.deleted_at IS 'When the last of them was deleted here; NULL until then.';

-- Events are still append-only; what a file holds may go, and nothing else.
CREATE FUNCTION migration.refuse_unarchived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone
        WHERE NOT EXISTS (
            SELECT FROM migration.event_archive AS archive
            WHERE archive.wave_id = gone.wave_id AND gone.id <= archive.last_event_id
        )
    ) THEN
        RAISE EXCEPTION '% is append-only but for what is archived', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION migration.refuse_unarchived IS 'Refuses to delete events that no file holds.';

DROP TRIGGER import_event_is_append_only ON migration.import_event;
CREATE TRIGGER import_event_is_append_only
    BEFORE UPDATE OR TRUNCATE ON migration.import_event
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();
CREATE TRIGGER import_event_goes_when_archived
    AFTER DELETE ON migration.import_event REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_unarchived();
