-- What keeps the database quick at ten million records, and the events that were archived.

-- The report of a wave read every attempt of every wave. A page keeps room for the ends of its attempts, so that
-- writing an end touches no index: the two together cost what attempts have cost so far.
CREATE INDEX import_attempt_wave_idx ON migration.import_attempt (wave_id);
ALTER TABLE migration.import_attempt SET (fillfactor = 70);

-- Who has migrated stays held, and nobody has to look at that hold again. One column says of both ends that they
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
