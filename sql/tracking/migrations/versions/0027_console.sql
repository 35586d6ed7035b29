-- What the operator's console shows without reading every record, and what people order and look at in it.

-- Only ever added to: no two writers meet in a row, so none waits for another, and none can be its deadlock.
CREATE TABLE migration.state_count (
    wave_id             bigint NOT NULL,
    batch               integer NOT NULL,
    state               text NOT NULL,
    minute              timestamptz NOT NULL,
    records             integer NOT NULL CHECK (records <> 0)
);
CREATE INDEX state_count_wave_idx ON migration.state_count (wave_id, minute);

COMMENT ON TABLE migration.state_count IS 'How many records came to a state or left it, by batch and minute: the sum is how many stand there.';
COMMENT ON COLUMN migration.state_count.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.state_count.batch IS 'The batch.';
COMMENT ON COLUMN migration.state_count.state IS 'The state that they came to or left.';
COMMENT ON COLUMN migration.state_count.minute IS 'The minute in which they did.';
COMMENT ON COLUMN migration.state_count.records IS 'How many more, or fewer where it is negative.';

CREATE FUNCTION migration.count_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
        SELECT wave_id, batch, state, date_trunc('minute', migration.present()), count(*)
        FROM arrived
        GROUP BY wave_id, batch, state;
    ELSE
        -- What stays where it was cancels itself out.
        INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
        SELECT wave_id, batch, state, date_trunc('minute', migration.present()), sum(one)
        FROM (
            SELECT wave_id, batch, state, 1 AS one FROM arrived
            UNION ALL
            SELECT wave_id, batch, state, -1 FROM departed
        ) AS moved
        GROUP BY wave_id, batch, state
        HAVING sum(one) <> 0;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION migration.count_states IS 'Notes how many records a statement brought to each state of each batch, and how many left it.';

-- Each statement adds rows: of a wave of 500,000 there are some 100,000, which each look at it would read.
CREATE FUNCTION migration.gather_counts(of_wave bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM migration.state_count WHERE wave_id = of_wave RETURNING *
    )
    INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
    SELECT wave_id, batch, state, minute, sum(records)
    FROM gone
    GROUP BY wave_id, batch, state, minute
    HAVING sum(records) <> 0
$$;
COMMENT ON FUNCTION migration.gather_counts IS 'Adds the counts of a wave up, by batch, state and minute, as the owner of the schema; what is added meanwhile stays.';

CREATE TRIGGER import_process_claimed_is_counted
    AFTER INSERT ON migration.import_process REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION migration.count_states();
CREATE TRIGGER import_process_moved_is_counted
    AFTER UPDATE ON migration.import_process REFERENCING NEW TABLE AS arrived OLD TABLE AS departed
    FOR EACH STATEMENT EXECUTE FUNCTION migration.count_states();

INSERT INTO migration.state_count (wave_id, batch, state, minute, records)
SELECT wave_id, batch, state, date_trunc('minute', coalesce(settled_at, created_at, built_at, planned_at)), count(*)
FROM migration.import_process
GROUP BY 1, 2, 3, 4;

-- The next records of a batch in their order: without it Postgres walks along the key of all records there ever were
-- while it believes that those of the batch come soon.
DROP INDEX migration.import_process_batch_idx;
CREATE INDEX import_process_batch_idx ON migration.import_process (wave_id, batch, id);

-- Causes are asked for by wave, and warnings are many.
CREATE INDEX import_error_cause_idx ON migration.import_error (wave_id, code, path) WHERE severity = 'error';

-- What did not come through is little, and is what people act on.
CREATE INDEX import_process_left_idx ON migration.import_process (wave_id, id)
    WHERE state IN ('rejected', 'invalid', 'errored', 'cancelled', 'dry_run_errored', 'parked');

CREATE TABLE migration.selection (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dialect             text NOT NULL,
    described           text NOT NULL,
    made_by             text NOT NULL,
    made_at             timestamptz NOT NULL
);
COMMENT ON TABLE migration.selection IS 'Records that a person chose, so that an order names a number and no customer.';
COMMENT ON COLUMN migration.selection.id IS 'Surrogate key: what runs and orders name.';
COMMENT ON COLUMN migration.selection.dialect IS 'Dialect of all its records.';
COMMENT ON COLUMN migration.selection.described IS 'How they were chosen, in words without identifiers.';
COMMENT ON COLUMN migration.selection.made_by IS 'User of Airflow, or of the machine of the command.';
COMMENT ON COLUMN migration.selection.made_at IS 'When they were chosen: what fits the description later is not in it.';

CREATE TABLE migration.selection_record (
    selection_id        bigint NOT NULL REFERENCES migration.selection,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    PRIMARY KEY (selection_id, import_process_id)
);
CREATE INDEX selection_record_process_idx ON migration.selection_record (import_process_id);
COMMENT ON TABLE migration.selection_record IS 'The records of a selection.';
COMMENT ON COLUMN migration.selection_record.selection_id IS 'The selection.';
COMMENT ON COLUMN migration.selection_record.import_process_id IS 'The record.';

CREATE TABLE migration.console_action (
    id                  uuid PRIMARY KEY,
    kind                text NOT NULL,
    dialect             text,
    wave_id             bigint REFERENCES migration.wave,
    selection_id        bigint REFERENCES migration.selection,
    records             integer CHECK (records >= 0),
    scope               text NOT NULL,
    reason              text NOT NULL,
    ordered_by          text NOT NULL,
    ordered_at          timestamptz NOT NULL,
    dag_id              text,
    run_id              text,
    asked_for           jsonb NOT NULL DEFAULT '{}',
    ended_at            timestamptz,
    outcome             text CHECK (outcome IN ('done', 'refused', 'failed')),
    result              text,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX console_action_wave_idx ON migration.console_action (wave_id, ordered_at);
CREATE INDEX console_action_ordered_idx ON migration.console_action (ordered_at);
COMMENT ON TABLE migration.console_action IS 'What people ordered in the console: one row each, however often a button was pressed.';
COMMENT ON COLUMN migration.console_action.id IS 'Made with the form: the second press of its button finds the first.';
COMMENT ON COLUMN migration.console_action.kind IS 'What was ordered, for example pause or rerun.';
COMMENT ON COLUMN migration.console_action.dialect IS 'The dialect; NULL for an order to all.';
COMMENT ON COLUMN migration.console_action.wave_id IS 'The wave; NULL for an order to several.';
COMMENT ON COLUMN migration.console_action.selection_id IS 'The records, where they were chosen.';
COMMENT ON COLUMN migration.console_action.records IS 'How many records the person was shown; NULL for an order that is not about records.';
COMMENT ON COLUMN migration.console_action.scope IS 'What it is about, in the words that the person was shown, without identifiers.';
COMMENT ON COLUMN migration.console_action.reason IS 'The reason, in the person''s words.';
COMMENT ON COLUMN migration.console_action.ordered_by IS 'User of Airflow.';
COMMENT ON COLUMN migration.console_action.ordered_at IS 'When the button was pressed first.';
COMMENT ON COLUMN migration.console_action.dag_id IS 'The DAG that carries it out; NULL where the console does.';
COMMENT ON COLUMN migration.console_action.run_id IS 'Its run.';
COMMENT ON COLUMN migration.console_action.asked_for IS 'What its address said, so that it can be ordered again: numbers, codes and paths, nothing that a person wrote.';
COMMENT ON COLUMN migration.console_action.ended_at IS 'When it was carried out or refused; NULL until then.';
COMMENT ON COLUMN migration.console_action.outcome IS 'done, refused or failed.';
COMMENT ON COLUMN migration.console_action.result IS 'What came of it, in a sentence.';

CREATE TABLE migration.personal_look (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    looked_by           text NOT NULL,
    looked_at           timestamptz NOT NULL
);
CREATE INDEX personal_look_process_idx ON migration.personal_look (import_process_id);
COMMENT ON TABLE migration.personal_look IS 'Append-only: who looked at what was sent and answered of a record, which is personal data.';
COMMENT ON COLUMN migration.personal_look.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.personal_look.import_process_id IS 'The record.';
COMMENT ON COLUMN migration.personal_look.looked_by IS 'User of Airflow.';
COMMENT ON COLUMN migration.personal_look.looked_at IS 'When.';
CREATE TRIGGER personal_look_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.personal_look
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

-- Reruns, decisions and late answers move records after the run has ended.
ALTER TABLE migration.wave ADD COLUMN ended_states jsonb;
COMMENT ON COLUMN migration.wave.ended_states IS 'How many records stood in each state when its run ended last; NULL until then, and where an older version ended it.';

-- A list without an entry is not the same as none.
ALTER TABLE migration.wave ADD COLUMN hand_backs_listed_at timestamptz, ADD COLUMN late_changes_listed_at timestamptz;
UPDATE migration.wave
SET hand_backs_listed_at = (SELECT max(listed_at) FROM migration.hand_back WHERE wave_id = wave.id),
    late_changes_listed_at = (SELECT max(listed_at) FROM migration.late_change WHERE wave_id = wave.id);
COMMENT ON COLUMN migration.wave.hand_backs_listed_at IS 'When its customers who are not migrated were last listed; NULL before.';
COMMENT ON COLUMN migration.wave.late_changes_listed_at IS 'When what came too late for its customers was last listed; NULL before.';

-- Airflow keeps the words of a question that is asked again as they were at first.
ALTER TABLE migration.wave ADD COLUMN asked_subject text, ADD COLUMN asked_body text;
COMMENT ON COLUMN migration.wave.asked_subject IS 'What the last question of its gate asks, in one line.';
COMMENT ON COLUMN migration.wave.asked_body IS 'What a person reads before answering it, in Markdown: codes and numbers, no customer.';

-- What waves leave to people: counted, shown and given to owners by one filter. The planner puts its body in place of
-- its call. Without a wave: the differences that no wave has, of Krakens and suppliers of these dialects.
CREATE FUNCTION migration.leftovers(of_wave bigint, of_dialects text[], unproved text[]) RETURNS TABLE (
    kind                text,
    key                 text,
    import_process_id   bigint,
    external_identifier text,
    code                text,
    path                text,
    words               text,
    ours                text,
    theirs              text,
    since               timestamptz,
    owner               text,
    note                text
)
LANGUAGE sql STABLE AS $$
    SELECT 'hand_back', hand_back.import_process_id::text, hand_back.import_process_id,
        process.external_identifier, hand_back.code, hand_back.path, hand_back.reason, NULL, NULL,
        hand_back.listed_at, hand_back.owner, hand_back.note
    FROM migration.hand_back
    JOIN migration.import_process AS process ON process.id = hand_back.import_process_id
    WHERE hand_back.wave_id = of_wave AND hand_back.resolved_at IS NULL AND process.state <> ALL (unproved)
    UNION ALL
    SELECT 'late_change', late_change.import_process_id || '-' || late_change.kind, late_change.import_process_id,
        process.external_identifier, late_change.kind, '', late_change.changes::text, NULL, NULL,
        late_change.last_at, late_change.owner, late_change.note
    FROM migration.late_change
    -- Each has its record: what only counts them need not read it.
    LEFT JOIN migration.import_process AS process ON process.id = late_change.import_process_id
    WHERE late_change.wave_id = of_wave
    UNION ALL
    SELECT 'difference', difference.id::text, NULL, difference.external_identifier, difference.kind,
        concat_ws(' ', difference.ledger, difference.currency), coalesce(difference.batch::text, ''),
        difference.ours, difference.theirs, difference.found_at, difference.owner, difference.note
    FROM migration.reconciliation_difference AS difference
    WHERE difference.resolved_at IS NULL
        AND (
            difference.wave_id = of_wave
            OR (
                of_wave IS NULL AND difference.wave_id IS NULL
                AND EXISTS (
                    SELECT FROM migration.wave
                    WHERE wave.dialect = ANY (of_dialects)
                        AND wave.target_kraken = difference.target_kraken
                        AND wave.import_supplier = difference.import_supplier
                        AND wave.resource = difference.resource
                )
            )
        )
$$;
COMMENT ON FUNCTION migration.leftovers IS 'Customers handed back, late changes and open differences of a wave, or without one the differences that no wave has.';

CREATE TABLE migration.preflight (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dialect             text NOT NULL,
    customers           integer NOT NULL CHECK (customers >= 0),
    rejected            integer NOT NULL CHECK (rejected >= 0),
    warned              integer NOT NULL CHECK (warned >= 0),
    checked_by          text NOT NULL,
    checked_at          timestamptz NOT NULL
);
CREATE INDEX preflight_dialect_idx ON migration.preflight (dialect, id);
COMMENT ON TABLE migration.preflight IS 'Append-only: preflights that were run, which build and check customers without any call.';
COMMENT ON COLUMN migration.preflight.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.preflight.dialect IS 'The dialect.';
COMMENT ON COLUMN migration.preflight.customers IS 'How many customers were looked at.';
COMMENT ON COLUMN migration.preflight.rejected IS 'How many of them would not be sent.';
COMMENT ON COLUMN migration.preflight.warned IS 'How many others would be sent with a warning.';
COMMENT ON COLUMN migration.preflight.checked_by IS 'User of the machine of the command.';
COMMENT ON COLUMN migration.preflight.checked_at IS 'When it had ended.';

CREATE TABLE migration.preflight_cause (
    preflight_id        bigint NOT NULL REFERENCES migration.preflight,
    severity            text NOT NULL CHECK (severity IN ('error', 'warning')),
    code                text NOT NULL,
    path                text NOT NULL,
    source              text NOT NULL,
    customers           integer NOT NULL CHECK (customers > 0),
    PRIMARY KEY (preflight_id, severity, code, path, source)
);
COMMENT ON TABLE migration.preflight_cause IS 'Append-only: what a preflight found, by cause, without values and customers.';
COMMENT ON COLUMN migration.preflight_cause.preflight_id IS 'The preflight.';
COMMENT ON COLUMN migration.preflight_cause.severity IS 'error or warning.';
COMMENT ON COLUMN migration.preflight_cause.code IS 'Code of the rule, or of the build.';
COMMENT ON COLUMN migration.preflight_cause.path IS 'Generic path in the payload; blank for the whole record.';
COMMENT ON COLUMN migration.preflight_cause.source IS 'The legacy columns behind it; blank where there is none.';
COMMENT ON COLUMN migration.preflight_cause.customers IS 'How many customers have it.';
CREATE TRIGGER preflight_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.preflight
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();
CREATE TRIGGER preflight_cause_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.preflight_cause
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

CREATE TABLE migration.kraken_minute (
    target_kraken       text NOT NULL,
    minute              timestamptz NOT NULL,
    operation           text NOT NULL,
    within_ms           integer NOT NULL,
    calls               integer NOT NULL CHECK (calls > 0),
    refused             integer NOT NULL CHECK (refused >= 0),
    PRIMARY KEY (target_kraken, minute, operation, within_ms)
);
COMMENT ON TABLE migration.kraken_minute IS 'How long requests to a Kraken took in the last day, by minute: summed by those who sent them, every few seconds.';
COMMENT ON COLUMN migration.kraken_minute.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.kraken_minute.minute IS 'The minute in which they were reported.';
COMMENT ON COLUMN migration.kraken_minute.operation IS 'validate, create or status.';
COMMENT ON COLUMN migration.kraken_minute.within_ms IS 'Milliseconds that these took at most, and more than the next smaller number that is told apart.';
COMMENT ON COLUMN migration.kraken_minute.calls IS 'How many requests.';
COMMENT ON COLUMN migration.kraken_minute.refused IS 'How many of them were answered 429.';
