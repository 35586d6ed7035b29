-- Records that cannot be proved are parked, outages are waited out, and one clock rules.

-- A test, or a simulation that owns the schema, replaces the function; nothing else can turn this clock.
CREATE FUNCTION migration.present() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;
COMMENT ON FUNCTION migration.present IS 'The present, by the one clock that counts where a time proves something.';

ALTER TABLE migration.import_process
    DROP CONSTRAINT import_process_state_check,
    ADD CONSTRAINT import_process_state_check CHECK (state IN (
        'planned', 'rejected', 'built', 'valid', 'invalid', 'creating', 'created', 'pending',
        'in_progress', 'unrecognised', 'missing', 'parked', 'processed', 'errored', 'cancelled',
        'dry_run_succeeded', 'dry_run_errored'
    )),
    ADD COLUMN doubted_at timestamptz,
    ADD COLUMN doubts smallint NOT NULL DEFAULT 0,
    ADD COLUMN parked_from text,
    ADD CONSTRAINT import_process_parked_check CHECK ((state = 'parked') = (parked_from IS NOT NULL));

COMMENT ON COLUMN migration.import_process.doubted_at IS 'Since when an answer is wanting: its request has ended without one, or Kraken does not know the record any more; NULL without a doubt.';
COMMENT ON COLUMN migration.import_process.doubts IS 'How often, in this attempt, its create ended without an answer that proves anything while Kraken answered others.';
COMMENT ON COLUMN migration.import_process.parked_from IS 'State in which it was parked; NULL when it is not parked.';

-- What is parked is asked about by the scheduled poll as well: Kraken may say more, later.
DROP INDEX migration.import_process_open_idx;
CREATE INDEX import_process_open_idx ON migration.import_process (wave_id, id)
    WHERE state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing', 'parked');

CREATE TABLE migration.outage (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_kraken       text NOT NULL,
    is_silent           boolean NOT NULL,
    began_at            timestamptz NOT NULL,
    tries               integer NOT NULL DEFAULT 0,
    tried_at            timestamptz,
    next_try_at         timestamptz NOT NULL,
    gives_up_at         timestamptz NOT NULL,
    ended_at            timestamptz
);

-- Every wave that goes to a Kraken waits for the same outage of it, and one probe at a time goes there.
CREATE UNIQUE INDEX outage_under_way ON migration.outage (target_kraken) WHERE ended_at IS NULL;

COMMENT ON TABLE migration.outage IS 'Times in which a Kraken gave no usable answer, and its waves waited.';
COMMENT ON COLUMN migration.outage.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.outage.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.outage.is_silent IS 'Whether it answered nothing at all; otherwise it answered questions about the status only.';
COMMENT ON COLUMN migration.outage.began_at IS 'When its answers were first wanting.';
COMMENT ON COLUMN migration.outage.tries IS 'How often it was tried since.';
COMMENT ON COLUMN migration.outage.tried_at IS 'When it was last tried.';
COMMENT ON COLUMN migration.outage.next_try_at IS 'When it is tried again.';
COMMENT ON COLUMN migration.outage.gives_up_at IS 'From when on its waves are stopped instead.';
COMMENT ON COLUMN migration.outage.ended_at IS 'When it answered again, or was given up; NULL while it lasts.';

-- Never the same for two, so that all that wait do not try at once.
CREATE FUNCTION migration.next_try(began_at timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT migration.present() + (0.8 + 0.4 * random()) * greatest(
        interval '1 second', least(interval '1 minute', (migration.present() - began_at) / 10)
    )
$$;
COMMENT ON FUNCTION migration.next_try IS 'When an outage is tried again: after a tenth of its length, from a second to a minute.';

CREATE TABLE migration.record_decision (
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    attempt             integer NOT NULL,
    decided_at          timestamptz NOT NULL,
    answer              text NOT NULL CHECK (answer IN ('there', 'absent')),
    decided_by          text NOT NULL,
    reason              text NOT NULL,
    from_state          text NOT NULL,
    to_state            text NOT NULL,
    PRIMARY KEY (import_process_id, attempt, decided_at)
);

CREATE TRIGGER record_decision_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.record_decision
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.record_decision IS 'Append-only: what a person has said of records that Kraken''s answers could not prove.';
COMMENT ON COLUMN migration.record_decision.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.record_decision.attempt IS 'The try that was decided on.';
COMMENT ON COLUMN migration.record_decision.decided_at IS 'When.';
COMMENT ON COLUMN migration.record_decision.answer IS 'there: Kraken has it. absent: Kraken has it not.';
COMMENT ON COLUMN migration.record_decision.decided_by IS 'Airflow user, or user of the machine on which the command ran.';
COMMENT ON COLUMN migration.record_decision.reason IS 'What the answer rests on, in that person''s words.';
COMMENT ON COLUMN migration.record_decision.from_state IS 'State of the record before.';
COMMENT ON COLUMN migration.record_decision.to_state IS 'State of the record after.';
