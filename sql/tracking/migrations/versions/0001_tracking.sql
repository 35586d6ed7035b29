-- The tracking database: every wave, every import process, every outcome.
--
-- Personal values live only in `payload` and `answer`, which are partitioned by wave so that purging a
-- wave drops two partitions. Everything else holds identifiers, codes, paths and masked details.

CREATE TABLE migration.wave (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                text NOT NULL,
    dialect             text NOT NULL,
    resource            text NOT NULL CHECK (resource IN ('accounts', 'supply-points')),
    mode                text NOT NULL CHECK (mode IN ('live', 'rehearsal')),
    import_supplier     text NOT NULL,
    target_kraken       text NOT NULL,
    connection_id       text NOT NULL,
    requested           integer CHECK (requested > 0),
    claimed             integer NOT NULL DEFAULT 0 CHECK (claimed >= 0),
    already_claimed     integer NOT NULL DEFAULT 0 CHECK (already_claimed >= 0),
    batch_size          integer NOT NULL CHECK (batch_size > 0),
    requests_in_flight  integer CHECK (requests_in_flight > 0),
    failure_threshold   numeric(6, 5) NOT NULL CHECK (failure_threshold BETWEEN 0 AND 1),
    dag_id              text NOT NULL,
    run_id              text NOT NULL,
    started_at          timestamptz NOT NULL,
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

-- A wave is named once for each Kraken and mode: two runs must not both call themselves "pilot".
CREATE UNIQUE INDEX wave_name_key ON migration.wave (target_kraken, mode, dialect, name);

COMMENT ON TABLE migration.wave IS 'One run of a migration DAG over a set of customers.';
COMMENT ON COLUMN migration.wave.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.wave.name IS 'What people call the wave; unique for a dialect, Kraken and mode.';
COMMENT ON COLUMN migration.wave.dialect IS 'Dialect of the data-import API, for example edf_accounts.';
COMMENT ON COLUMN migration.wave.resource IS 'What is imported: accounts or supply-points.';
COMMENT ON COLUMN migration.wave.mode IS 'live, or rehearsal for Kraken''s dry run.';
COMMENT ON COLUMN migration.wave.import_supplier IS 'Kraken''s code for the supplier the customers come from.';
COMMENT ON COLUMN migration.wave.target_kraken IS 'Scheme, host and port of the Kraken that this wave was planned for.';
COMMENT ON COLUMN migration.wave.connection_id IS 'Airflow Connection used to reach that Kraken.';
COMMENT ON COLUMN migration.wave.requested IS 'Customers asked for; NULL when all were.';
COMMENT ON COLUMN migration.wave.claimed IS 'Customers that the wave got.';
COMMENT ON COLUMN migration.wave.already_claimed IS 'Named customers left out because another wave has them.';
COMMENT ON COLUMN migration.wave.batch_size IS 'Most customers in one batch.';
COMMENT ON COLUMN migration.wave.requests_in_flight IS 'Requests in flight per task; NULL for the Connection''s own setting.';
COMMENT ON COLUMN migration.wave.failure_threshold IS 'Share of failed records (0 to 1) above which the run ends failed.';
COMMENT ON COLUMN migration.wave.dag_id IS 'Airflow DAG.';
COMMENT ON COLUMN migration.wave.run_id IS 'Airflow DAG run.';
COMMENT ON COLUMN migration.wave.started_at IS 'When the wave was planned.';
COMMENT ON COLUMN migration.wave.stopped_at IS 'Since when no further create may be sent; NULL while creates are allowed.';
COMMENT ON COLUMN migration.wave.stop_code IS 'Kind of fault that stopped the wave, for example unauthorised.';
COMMENT ON COLUMN migration.wave.stop_reason IS 'One sentence: why the wave was stopped and what to do.';
COMMENT ON COLUMN migration.wave.finished_at IS 'When the run was summarised.';
COMMENT ON COLUMN migration.wave.outcome IS 'succeeded or failed, as the run ended.';
COMMENT ON COLUMN migration.wave.outcome_reason IS 'One sentence on why the run failed; NULL when it succeeded.';

CREATE TABLE migration.batch (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL CHECK (batch >= 0),
    customers           integer NOT NULL CHECK (customers > 0),
    watermark           timestamptz,
    built_at            timestamptz,
    PRIMARY KEY (wave_id, batch)
);

COMMENT ON TABLE migration.batch IS 'A slice of a wave: what one mapped task works on.';
COMMENT ON COLUMN migration.batch.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.batch.batch IS 'Number of the batch in its wave, from 0.';
COMMENT ON COLUMN migration.batch.customers IS 'Customers in the batch.';
COMMENT ON COLUMN migration.batch.watermark IS 'Time of the snapshot in which the legacy database was last read for this batch.';
COMMENT ON COLUMN migration.batch.built_at IS 'When its payloads were last built.';

CREATE TABLE migration.import_process (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_kraken       text NOT NULL,
    mode                text NOT NULL CHECK (mode IN ('live', 'rehearsal')),
    resource            text NOT NULL CHECK (resource IN ('accounts', 'supply-points')),
    import_supplier     text NOT NULL,
    external_identifier text NOT NULL,
    dialect             text NOT NULL,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL CHECK (batch >= 0),
    airflow_run         text NOT NULL,
    state               text NOT NULL DEFAULT 'planned',
    attempt             integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    payload_hash        bytea,
    payload_bytes       integer CHECK (payload_bytes > 0),
    kraken_status       text,
    kraken_identifier   text,
    first_error_code    text,
    first_error_path    text,
    planned_at          timestamptz NOT NULL,
    built_at            timestamptz,
    validated_at        timestamptz,
    intended_at         timestamptz,
    evidence_from       timestamptz,
    created_at          timestamptz,
    polled_at           timestamptz,
    settled_at          timestamptz,
    CONSTRAINT import_process_state_check CHECK (state IN (
        'planned', 'rejected', 'built', 'valid', 'invalid', 'creating', 'created', 'pending',
        'in_progress', 'unrecognised', 'missing', 'processed', 'errored', 'cancelled',
        'dry_run_succeeded', 'dry_run_errored'
    )),
    -- A dry run's end is never the end of a live import, nor the other way round.
    CONSTRAINT import_process_state_fits_mode CHECK (
        CASE mode
            WHEN 'live' THEN state NOT IN ('dry_run_succeeded', 'dry_run_errored')
            ELSE state <> 'processed'
        END
    ),
    CONSTRAINT import_process_intent_check CHECK (state <> 'creating' OR intended_at IS NOT NULL),
    CONSTRAINT import_process_payload_check CHECK (
        state IN ('planned', 'rejected') OR payload_hash IS NOT NULL
    ),
    -- A wave's size is known only once its customers are claimed, so its batches are written last.
    FOREIGN KEY (wave_id, batch) REFERENCES migration.batch DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 80);

-- Kraken has no idempotency key: this key is its only guard against a second creation, and so is ours.
CREATE UNIQUE INDEX import_process_key ON migration.import_process
    (import_supplier, external_identifier, resource, mode, target_kraken);
CREATE INDEX import_process_batch_idx ON migration.import_process (wave_id, batch);
-- The scheduled poll of open processes must not scan the millions that have ended.
CREATE INDEX import_process_open_idx ON migration.import_process (wave_id, id)
    WHERE state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing');

COMMENT ON TABLE migration.import_process IS 'One row for each customer, Kraken and mode: where it stands now.';
COMMENT ON COLUMN migration.import_process.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.import_process.target_kraken IS 'Scheme, host and port of the Kraken it goes to.';
COMMENT ON COLUMN migration.import_process.mode IS 'live, or rehearsal for Kraken''s dry run.';
COMMENT ON COLUMN migration.import_process.resource IS 'What is imported: accounts or supply-points.';
COMMENT ON COLUMN migration.import_process.import_supplier IS 'Kraken''s code for the supplier the customer comes from.';
COMMENT ON COLUMN migration.import_process.external_identifier IS 'The customer''s key: external account number, or identifier of the supply point.';
COMMENT ON COLUMN migration.import_process.dialect IS 'Dialect of the data-import API; an attribute, not part of the key.';
COMMENT ON COLUMN migration.import_process.wave_id IS 'The wave that works on it.';
COMMENT ON COLUMN migration.import_process.batch IS 'Its batch in that wave.';
COMMENT ON COLUMN migration.import_process.airflow_run IS 'Airflow DAG run that works on it.';
COMMENT ON COLUMN migration.import_process.state IS 'Where it stands: see docs/architecture.md for the states and the legal moves.';
COMMENT ON COLUMN migration.import_process.attempt IS 'How often its payload was built for a try; 0 before the first.';
COMMENT ON COLUMN migration.import_process.payload_hash IS 'SHA-256 of the payload of this attempt, before compression.';
COMMENT ON COLUMN migration.import_process.payload_bytes IS 'Length of that payload in bytes, before compression.';
COMMENT ON COLUMN migration.import_process.kraken_status IS 'Last status that Kraken named, word for word.';
COMMENT ON COLUMN migration.import_process.kraken_identifier IS 'Kraken''s own identifier, once it is known.';
COMMENT ON COLUMN migration.import_process.first_error_code IS 'Code of the first error of this attempt.';
COMMENT ON COLUMN migration.import_process.first_error_path IS 'Path of that error, without indexes.';
COMMENT ON COLUMN migration.import_process.planned_at IS 'When a wave claimed it.';
COMMENT ON COLUMN migration.import_process.built_at IS 'When its payload was built or rejected.';
COMMENT ON COLUMN migration.import_process.validated_at IS 'When Kraken''s validation answered.';
COMMENT ON COLUMN migration.import_process.intended_at IS 'When the intent to create it was committed.';
COMMENT ON COLUMN migration.import_process.evidence_from IS 'Answers about something Kraken made before this time do not count; NULL when any counts.';
COMMENT ON COLUMN migration.import_process.created_at IS 'When Kraken accepted the creation, or was first seen to have it.';
COMMENT ON COLUMN migration.import_process.polled_at IS 'When its status was last asked.';
COMMENT ON COLUMN migration.import_process.settled_at IS 'When it reached an end.';

CREATE TABLE migration.import_attempt (
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    attempt             integer NOT NULL CHECK (attempt > 0),
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    airflow_run         text NOT NULL,
    payload_hash        bytea,
    started_at          timestamptz NOT NULL,
    settled_at          timestamptz,
    outcome             text,
    PRIMARY KEY (import_process_id, attempt)
);

COMMENT ON TABLE migration.import_attempt IS 'One row for each try of an import process, from the build to its end.';
COMMENT ON COLUMN migration.import_attempt.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.import_attempt.attempt IS 'Number of the try, from 1.';
COMMENT ON COLUMN migration.import_attempt.wave_id IS 'The wave of this try.';
COMMENT ON COLUMN migration.import_attempt.batch IS 'The batch of this try.';
COMMENT ON COLUMN migration.import_attempt.airflow_run IS 'Airflow DAG run of this try.';
COMMENT ON COLUMN migration.import_attempt.payload_hash IS 'SHA-256 of what was built; NULL when the build rejected it.';
COMMENT ON COLUMN migration.import_attempt.started_at IS 'When the payload was built or rejected.';
COMMENT ON COLUMN migration.import_attempt.settled_at IS 'When the try ended; NULL while it runs or when a later try replaced it.';
COMMENT ON COLUMN migration.import_attempt.outcome IS 'State in which the try ended.';

CREATE TABLE migration.import_event (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    attempt             integer NOT NULL,
    wave_id             bigint NOT NULL,
    from_state          text,
    to_state            text NOT NULL,
    occurred_at         timestamptz NOT NULL,
    error_code          text,
    error_path          text
);

CREATE INDEX import_event_process_idx ON migration.import_event (import_process_id);
CREATE INDEX import_event_wave_idx ON migration.import_event (wave_id, occurred_at);

COMMENT ON TABLE migration.import_event IS 'Append-only: one row for each transition of an import process.';
COMMENT ON COLUMN migration.import_event.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.import_event.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.import_event.attempt IS 'The try in which it happened.';
COMMENT ON COLUMN migration.import_event.wave_id IS 'The wave in which it happened.';
COMMENT ON COLUMN migration.import_event.from_state IS 'State before; NULL when the process was claimed.';
COMMENT ON COLUMN migration.import_event.to_state IS 'State after.';
COMMENT ON COLUMN migration.import_event.occurred_at IS 'When it was recorded.';
COMMENT ON COLUMN migration.import_event.error_code IS 'Code of the error that caused it, if one did.';
COMMENT ON COLUMN migration.import_event.error_path IS 'Path of that error, without indexes.';

CREATE FUNCTION migration.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER import_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.import_event
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

CREATE TABLE migration.import_error (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    attempt             integer NOT NULL,
    wave_id             bigint NOT NULL,
    stage               text NOT NULL CHECK (stage IN ('build', 'validate', 'create', 'status')),
    origin              text NOT NULL CHECK (origin IN ('local', 'kraken')),
    severity            text NOT NULL CHECK (severity IN ('error', 'warning')),
    code                text NOT NULL,
    path                text NOT NULL,
    indexed_path        text NOT NULL,
    detail              text NOT NULL,
    occurred_at         timestamptz NOT NULL
);

CREATE INDEX import_error_process_idx ON migration.import_error (import_process_id, attempt);
CREATE INDEX import_error_wave_idx ON migration.import_error (wave_id, code, path);

COMMENT ON TABLE migration.import_error IS 'Every error and warning in one form, whether our build or Kraken found it.';
COMMENT ON COLUMN migration.import_error.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.import_error.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.import_error.attempt IS 'The try in which it was found.';
COMMENT ON COLUMN migration.import_error.wave_id IS 'The wave in which it was found.';
COMMENT ON COLUMN migration.import_error.stage IS 'Step that found it: build, validate, create or status.';
COMMENT ON COLUMN migration.import_error.origin IS 'local for our own build, kraken for an answer of Kraken''s.';
COMMENT ON COLUMN migration.import_error.severity IS 'error, or warning for one that lets the record pass.';
COMMENT ON COLUMN migration.import_error.code IS 'Error code; Kraken''s own where it named one.';
COMMENT ON COLUMN migration.import_error.path IS 'Payload path without indexes, for grouping; empty for the whole record.';
COMMENT ON COLUMN migration.import_error.indexed_path IS 'Payload path with indexes.';
COMMENT ON COLUMN migration.import_error.detail IS 'What was said, with values of the payload masked.';
COMMENT ON COLUMN migration.import_error.occurred_at IS 'When it was recorded.';

CREATE TABLE migration.payload (
    wave_id             bigint NOT NULL,
    import_process_id   bigint NOT NULL,
    attempt             integer NOT NULL,
    body                bytea NOT NULL,
    built_at            timestamptz NOT NULL,
    PRIMARY KEY (wave_id, import_process_id, attempt)
) PARTITION BY LIST (wave_id);

-- The body is compressed before it is sent here: a second compression would only cost time.
ALTER TABLE migration.payload ALTER COLUMN body SET STORAGE EXTERNAL;

COMMENT ON TABLE migration.payload IS 'What was or will be sent. Personal data: partitioned by wave, so that purging drops a partition.';
COMMENT ON COLUMN migration.payload.wave_id IS 'The wave; the partition key.';
COMMENT ON COLUMN migration.payload.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.payload.attempt IS 'The try it was built for.';
COMMENT ON COLUMN migration.payload.body IS 'The payload as JSON in UTF-8, compressed with zlib.';
COMMENT ON COLUMN migration.payload.built_at IS 'When it was built.';

CREATE TABLE migration.answer (
    wave_id             bigint NOT NULL,
    import_process_id   bigint NOT NULL,
    attempt             integer NOT NULL,
    stage               text NOT NULL,
    http_status         integer,
    body                bytea,
    received_at         timestamptz NOT NULL
) PARTITION BY LIST (wave_id);

CREATE INDEX answer_process_idx ON migration.answer (import_process_id);
ALTER TABLE migration.answer ALTER COLUMN body SET STORAGE EXTERNAL;

COMMENT ON TABLE migration.answer IS 'What Kraken said, raw, whenever it moved a record. Personal data: partitioned by wave, so that purging drops a partition.';
COMMENT ON COLUMN migration.answer.wave_id IS 'The wave; the partition key.';
COMMENT ON COLUMN migration.answer.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.answer.attempt IS 'The try that was answered.';
COMMENT ON COLUMN migration.answer.stage IS 'Call that was answered: validate, create or status.';
COMMENT ON COLUMN migration.answer.http_status IS 'HTTP status; NULL when no answer came.';
COMMENT ON COLUMN migration.answer.body IS 'The body, compressed with zlib; NULL when it was empty.';
COMMENT ON COLUMN migration.answer.received_at IS 'When it was recorded.';

CREATE VIEW migration.wave_progress AS
SELECT
    wave.id AS wave_id,
    wave.name AS wave_name,
    wave.dialect,
    wave.mode,
    process.state,
    count(*) AS records
FROM migration.wave
JOIN migration.import_process AS process ON process.wave_id = wave.id
GROUP BY wave.id, process.state;

COMMENT ON VIEW migration.wave_progress IS 'How many records of each wave stand in each state.';
COMMENT ON COLUMN migration.wave_progress.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_progress.wave_name IS 'Its name.';
COMMENT ON COLUMN migration.wave_progress.dialect IS 'Its dialect.';
COMMENT ON COLUMN migration.wave_progress.mode IS 'live or rehearsal.';
COMMENT ON COLUMN migration.wave_progress.state IS 'State of the records counted.';
COMMENT ON COLUMN migration.wave_progress.records IS 'Records of the wave in that state.';
