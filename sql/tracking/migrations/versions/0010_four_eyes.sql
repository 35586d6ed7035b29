-- An approval by the user who asked for the wave decides nothing where four eyes are required, but is remembered.

CREATE TABLE migration.wave_refused_approval (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    asked_at            timestamptz NOT NULL,
    answered_by         text NOT NULL,
    answered_at         timestamptz NOT NULL
);

CREATE INDEX wave_refused_approval_wave_idx ON migration.wave_refused_approval (wave_id);

CREATE TRIGGER wave_refused_approval_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.wave_refused_approval
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.wave_refused_approval IS 'Append-only: approvals that did not count, because the user had asked for the wave or planned its cohort.';
COMMENT ON COLUMN migration.wave_refused_approval.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.wave_refused_approval.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_refused_approval.asked_at IS 'When the gate had asked; the question stayed open.';
COMMENT ON COLUMN migration.wave_refused_approval.answered_by IS 'Airflow user who approved.';
COMMENT ON COLUMN migration.wave_refused_approval.answered_at IS 'When that user did.';
