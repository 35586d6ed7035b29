-- Error budgets by stage and by run, and clearing that leaves to a rerun what was refused.

-- A rerun has a budget of its own: what happened must say whether it happened in one.
ALTER TABLE migration.import_process ADD COLUMN begun_by_rerun bigint REFERENCES migration.rerun;
COMMENT ON COLUMN migration.import_process.begun_by_rerun IS 'The rerun that began its present attempt; NULL when its wave''s own run did.';
ALTER TABLE migration.import_event ADD COLUMN begun_by_rerun bigint;
COMMENT ON COLUMN migration.import_event.begun_by_rerun IS 'The rerun that began the try in which it happened; NULL when the wave''s own run did.';

-- The budget looks at the last records of a stage after each chunk: it must not scan a wave, or what ran in it
-- before or beside, for them.
DROP INDEX migration.import_event_validated_idx, migration.import_event_ended_idx;
CREATE INDEX import_event_validated_idx ON migration.import_event (wave_id, occurred_at, id)
    WHERE begun_by_rerun IS NULL AND from_state = 'built' AND to_state IN ('valid', 'invalid');
CREATE INDEX import_event_created_idx ON migration.import_event (wave_id, occurred_at, id)
    WHERE begun_by_rerun IS NULL AND from_state = 'creating' AND to_state <> 'valid';
CREATE INDEX import_event_rerun_idx ON migration.import_event (begun_by_rerun, from_state, occurred_at, id)
    WHERE begun_by_rerun IS NOT NULL;

COMMENT ON COLUMN migration.wave.error_share IS 'Error budget: share of failures (0 to 1) of a stage that stops the wave once its last records prove more with 99 % certainty.';
COMMENT ON COLUMN migration.wave.error_count IS 'Error budget: number of failures among the last records of a stage above which the wave is stopped; NULL for none.';
COMMENT ON COLUMN migration.wave.error_window IS 'Error budget: how many records of a stage, the last ones, are looked at.';

ALTER TABLE migration.wave ADD COLUMN takes_refused boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN migration.wave.takes_refused IS 'Whether its run, opened again by a backfill, builds anew what was rejected or invalid; otherwise that waits for a rerun.';
