-- What a wave must keep to, who let it pass its gate, and who paused, resumed or cancelled it.

ALTER TABLE migration.wave
    ADD COLUMN require_rehearsal boolean NOT NULL DEFAULT false,
    ADD COLUMN approval text NOT NULL DEFAULT 'unattended' CHECK (approval IN ('required', 'unattended')),
    ADD COLUMN approval_minutes numeric(9, 3) NOT NULL DEFAULT 720 CHECK (approval_minutes > 0),
    ADD COLUMN error_share numeric(6, 5) NOT NULL DEFAULT 0.5 CHECK (error_share BETWEEN 0 AND 1),
    ADD COLUMN error_count integer CHECK (error_count >= 0),
    ADD COLUMN error_window integer NOT NULL DEFAULT 200 CHECK (error_window > 0),
    ADD COLUMN schedule_window_start timestamptz,
    ADD COLUMN schedule_window_end timestamptz,
    ADD COLUMN reopened_at timestamptz,
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN approved_at timestamptz,
    ADD COLUMN paused_at timestamptz;

COMMENT ON COLUMN migration.wave.require_rehearsal IS 'Whether only records with a successful rehearsal of the very payload may be created.';
COMMENT ON COLUMN migration.wave.approval IS 'required: a person decides at the gate; unattended: the failure threshold does.';
COMMENT ON COLUMN migration.wave.approval_minutes IS 'How long the gate waits for that person.';
COMMENT ON COLUMN migration.wave.error_share IS 'Error budget: share of failures (0 to 1) among the last records of a stage above which the wave is stopped.';
COMMENT ON COLUMN migration.wave.error_count IS 'Error budget: number of failures among them above which the wave is stopped; NULL for none.';
COMMENT ON COLUMN migration.wave.error_window IS 'Error budget: how many records of a stage, the last to settle, are looked at.';
COMMENT ON COLUMN migration.wave.schedule_window_start IS 'When Kraken may begin to process what was created; NULL for at once.';
COMMENT ON COLUMN migration.wave.schedule_window_end IS 'Until when Kraken may process it; NULL for no end.';
COMMENT ON COLUMN migration.wave.reopened_at IS 'When its run was last cleared; failures before it count for no error budget.';
COMMENT ON COLUMN migration.wave.asked_at IS 'When the gate last asked for approval.';
COMMENT ON COLUMN migration.wave.approved_at IS 'When a person approved it; NULL while nobody has, and after its run was cleared.';
COMMENT ON COLUMN migration.wave.paused_at IS 'Since when creates are paused; NULL while they are not.';

CREATE TABLE migration.wave_decision (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    asked_at            timestamptz NOT NULL,
    decision            text NOT NULL CHECK (decision IN ('approved', 'rejected', 'expired')),
    decided_by          text,
    decided_at          timestamptz NOT NULL,
    -- The first answer to a question decides it.
    PRIMARY KEY (wave_id, asked_at),
    CHECK ((decided_by IS NULL) = (decision = 'expired'))
);

CREATE TRIGGER wave_decision_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.wave_decision
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.wave_decision IS 'Append-only: what was decided at the gate of a wave, one row for each time that it asked.';
COMMENT ON COLUMN migration.wave_decision.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_decision.asked_at IS 'When the gate asked.';
COMMENT ON COLUMN migration.wave_decision.decision IS 'approved, rejected, or expired when nobody answered in time.';
COMMENT ON COLUMN migration.wave_decision.decided_by IS 'Airflow user who decided; NULL when nobody did.';
COMMENT ON COLUMN migration.wave_decision.decided_at IS 'When it was decided.';

CREATE TABLE migration.wave_control (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    action              text NOT NULL CHECK (action IN ('pause', 'resume', 'cancel')),
    ordered_by          text NOT NULL,
    reason              text,
    ordered_at          timestamptz NOT NULL
);

CREATE INDEX wave_control_wave_idx ON migration.wave_control (wave_id);

CREATE TRIGGER wave_control_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.wave_control
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.wave_control IS 'Append-only: who paused, resumed or cancelled a wave, when and why.';
COMMENT ON COLUMN migration.wave_control.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.wave_control.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_control.action IS 'pause, resume or cancel.';
COMMENT ON COLUMN migration.wave_control.ordered_by IS 'Airflow user, or user of the machine on which the command ran.';
COMMENT ON COLUMN migration.wave_control.reason IS 'Why, in that person''s words; NULL when none were given.';
COMMENT ON COLUMN migration.wave_control.ordered_at IS 'When.';

-- The error budget looks at the last records of a stage after each chunk: it must not scan a wave for them.
CREATE INDEX import_event_validated_idx ON migration.import_event (wave_id, id)
    WHERE from_state = 'built' AND to_state IN ('valid', 'invalid');
CREATE INDEX import_event_ended_idx ON migration.import_event (wave_id, id)
    WHERE to_state IN ('processed', 'errored', 'cancelled', 'dry_run_succeeded', 'dry_run_errored')
        OR (from_state = 'creating' AND to_state = 'invalid');
