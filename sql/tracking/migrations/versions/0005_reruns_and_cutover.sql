-- Reruns: a run of its own over chosen records, which stay in their waves and batches.
-- And the cut-over: holds in the legacy system, late changes, customers handed back, waves closed.

CREATE TABLE migration.rerun (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dialect             text NOT NULL,
    mode                text NOT NULL CHECK (mode IN ('live', 'rehearsal')),
    target_kraken       text NOT NULL,
    requested_by        text,
    selection           jsonb NOT NULL,
    records             integer NOT NULL DEFAULT 0 CHECK (records >= 0),
    in_kraken           integer NOT NULL DEFAULT 0 CHECK (in_kraken >= 0),
    requests_in_flight  integer CHECK (requests_in_flight > 0),
    failure_threshold   numeric(6, 5) NOT NULL CHECK (failure_threshold BETWEEN 0 AND 1),
    dag_id              text NOT NULL,
    run_id              text NOT NULL,
    requested_at        timestamptz NOT NULL,
    opened_at           timestamptz NOT NULL,
    stopped_at          timestamptz,
    stop_code           text,
    stop_reason         text,
    finished_at         timestamptz,
    outcome             text CHECK (outcome IN ('succeeded', 'failed')),
    outcome_reason      text,
    UNIQUE (dag_id, run_id),
    CHECK ((stopped_at IS NULL) = (stop_reason IS NULL)),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

COMMENT ON TABLE migration.rerun IS 'One row for each rerun: who asked for which records, and how it ended.';
COMMENT ON COLUMN migration.rerun.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.rerun.dialect IS 'Dialect of the data-import API.';
COMMENT ON COLUMN migration.rerun.mode IS 'live, or rehearsal for Kraken''s dry run: that of the records.';
COMMENT ON COLUMN migration.rerun.target_kraken IS 'Scheme, host and port of the Kraken that the records go to.';
COMMENT ON COLUMN migration.rerun.requested_by IS 'Airflow''s name of whoever triggered it; NULL when Airflow does not say.';
COMMENT ON COLUMN migration.rerun.selection IS 'What was asked for; of named customers their number only: rerun_item has the records.';
COMMENT ON COLUMN migration.rerun.records IS 'Records selected.';
COMMENT ON COLUMN migration.rerun.in_kraken IS 'Records that the selection covers and that are in Kraken already, so that they were left alone.';
COMMENT ON COLUMN migration.rerun.requests_in_flight IS 'Requests in flight per task of this rerun; NULL for the Connection''s own setting.';
COMMENT ON COLUMN migration.rerun.failure_threshold IS 'Share of failed records (0 to 1) above which this rerun ends failed.';
COMMENT ON COLUMN migration.rerun.dag_id IS 'Airflow DAG.';
COMMENT ON COLUMN migration.rerun.run_id IS 'Airflow DAG run.';
COMMENT ON COLUMN migration.rerun.requested_at IS 'When its records were selected.';
COMMENT ON COLUMN migration.rerun.opened_at IS 'When it, or the clearing of its run, began: a wave stopped later stops it too.';
COMMENT ON COLUMN migration.rerun.stopped_at IS 'Since when this rerun may create nothing more; NULL while it may.';
COMMENT ON COLUMN migration.rerun.stop_code IS 'Kind of fault that stopped it.';
COMMENT ON COLUMN migration.rerun.stop_reason IS 'One sentence: why it was stopped and what to do.';
COMMENT ON COLUMN migration.rerun.finished_at IS 'When the run was summarised.';
COMMENT ON COLUMN migration.rerun.outcome IS 'succeeded or failed, as the run ended.';
COMMENT ON COLUMN migration.rerun.outcome_reason IS 'One sentence on why the run failed; NULL when it succeeded.';

CREATE TABLE migration.rerun_item (
    rerun_id            bigint NOT NULL REFERENCES migration.rerun,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    wave_id             bigint NOT NULL,
    batch               integer NOT NULL,
    state               text NOT NULL,
    attempt             integer NOT NULL,
    PRIMARY KEY (rerun_id, import_process_id)
);

CREATE INDEX rerun_item_batch_idx ON migration.rerun_item (rerun_id, wave_id, batch);

COMMENT ON TABLE migration.rerun_item IS 'The records of a rerun. It touches no other.';
COMMENT ON COLUMN migration.rerun_item.rerun_id IS 'The rerun.';
COMMENT ON COLUMN migration.rerun_item.import_process_id IS 'The record.';
COMMENT ON COLUMN migration.rerun_item.wave_id IS 'Its wave, which it stays in.';
COMMENT ON COLUMN migration.rerun_item.batch IS 'Its batch in that wave.';
COMMENT ON COLUMN migration.rerun_item.state IS 'Where it stood when it was selected.';
COMMENT ON COLUMN migration.rerun_item.attempt IS 'Its attempt then: what Kraken ended is opened again once only, for this attempt.';

-- A batch's watermark is that of its last build, but a rerun builds a few of its records only.
ALTER TABLE migration.import_process ADD COLUMN watermark timestamptz;
COMMENT ON COLUMN migration.import_process.watermark IS 'Time of the snapshot of the legacy database that the payload of this attempt was built from.';
UPDATE migration.import_process AS process
SET watermark = batch.watermark
FROM migration.batch
WHERE batch.wave_id = process.wave_id AND batch.batch = process.batch AND process.attempt > 0;

CREATE TABLE migration.legacy_hold (
    import_process_id   bigint PRIMARY KEY REFERENCES migration.import_process,
    held_at             timestamptz NOT NULL,
    released_at         timestamptz
);

CREATE INDEX legacy_hold_held_idx ON migration.legacy_hold (import_process_id) WHERE released_at IS NULL;

COMMENT ON TABLE migration.legacy_hold IS 'Customers whom the legacy system was told to hold while they migrate.';
COMMENT ON COLUMN migration.legacy_hold.import_process_id IS 'The record.';
COMMENT ON COLUMN migration.legacy_hold.held_at IS 'When the hold was last asked for, before the extract.';
COMMENT ON COLUMN migration.legacy_hold.released_at IS 'When it was released, since the record was not migrated; NULL while it holds.';

CREATE TABLE migration.late_change (
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    kind                text NOT NULL CHECK (kind IN ('payment', 'booking', 'reading', 'contact')),
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    changes             integer NOT NULL CHECK (changes > 0),
    first_at            timestamptz NOT NULL,
    last_at             timestamptz NOT NULL,
    listed_at           timestamptz NOT NULL,
    owner               text,
    owned_at            timestamptz,
    note                text,
    PRIMARY KEY (import_process_id, kind),
    CHECK ((owner IS NULL) = (owned_at IS NULL))
);

CREATE INDEX late_change_wave_idx ON migration.late_change (wave_id);

COMMENT ON TABLE migration.late_change IS 'What reached the legacy system after a migrated customer was read from it: no values, only that it did.';
COMMENT ON COLUMN migration.late_change.import_process_id IS 'The customer.';
COMMENT ON COLUMN migration.late_change.kind IS 'payment, another booking, reading or contact.';
COMMENT ON COLUMN migration.late_change.wave_id IS 'The customer''s wave.';
COMMENT ON COLUMN migration.late_change.changes IS 'How many.';
COMMENT ON COLUMN migration.late_change.first_at IS 'When the first reached the legacy system.';
COMMENT ON COLUMN migration.late_change.last_at IS 'When the last did.';
COMMENT ON COLUMN migration.late_change.listed_at IS 'When they were last counted.';
COMMENT ON COLUMN migration.late_change.owner IS 'Who sees to it; NULL again when more came since.';
COMMENT ON COLUMN migration.late_change.owned_at IS 'Since when.';
COMMENT ON COLUMN migration.late_change.note IS 'What the owner says; no personal data.';

CREATE TABLE migration.hand_back (
    import_process_id   bigint PRIMARY KEY REFERENCES migration.import_process,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    state               text NOT NULL,
    attempt             integer NOT NULL,
    code                text NOT NULL,
    path                text NOT NULL,
    reason              text NOT NULL,
    listed_at           timestamptz NOT NULL,
    resolved_at         timestamptz,
    owner               text,
    owned_at            timestamptz,
    note                text,
    CHECK ((owner IS NULL) = (owned_at IS NULL))
);

CREATE INDEX hand_back_wave_idx ON migration.hand_back (wave_id);

COMMENT ON TABLE migration.hand_back IS 'Customers of a wave that were not migrated: they stay with the legacy system, with the reason.';
COMMENT ON COLUMN migration.hand_back.import_process_id IS 'The customer.';
COMMENT ON COLUMN migration.hand_back.wave_id IS 'The customer''s wave.';
COMMENT ON COLUMN migration.hand_back.state IS 'Where the record stood when it was last listed.';
COMMENT ON COLUMN migration.hand_back.attempt IS 'The try that this was said of.';
COMMENT ON COLUMN migration.hand_back.code IS 'Code of its first error; not_created when nothing was tried.';
COMMENT ON COLUMN migration.hand_back.path IS 'Path of that error, without indexes.';
COMMENT ON COLUMN migration.hand_back.reason IS 'What was said, with values of the payload masked.';
COMMENT ON COLUMN migration.hand_back.listed_at IS 'When it was last listed.';
COMMENT ON COLUMN migration.hand_back.resolved_at IS 'When it was first seen migrated after all; NULL while it is not.';
COMMENT ON COLUMN migration.hand_back.owner IS 'Who sees to the customer; NULL again when it failed for another reason since.';
COMMENT ON COLUMN migration.hand_back.owned_at IS 'Since when.';
COMMENT ON COLUMN migration.hand_back.note IS 'What the owner says; no personal data.';

ALTER TABLE migration.wave ADD COLUMN closed_at timestamptz, ADD COLUMN closed_by text;
COMMENT ON COLUMN migration.wave.closed_at IS 'Since when the wave is closed: everything it left has an owner, and nothing more is created in it.';
COMMENT ON COLUMN migration.wave.closed_by IS 'Who closed it.';
