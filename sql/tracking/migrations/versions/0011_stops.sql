-- Stops that reach every wave and rerun, and approvals of exactly what was asked about.

-- Which came first, a stop or the rerun that goes on after it: the clocks of two workers cannot tell.
CREATE SEQUENCE migration.occasion;
COMMENT ON SEQUENCE migration.occasion IS 'Numbers openings and stops of waves and reruns in the order in which the database saw them.';

ALTER TABLE migration.wave
    ADD COLUMN opened_no bigint,
    ADD COLUMN stopped_no bigint,
    ADD COLUMN cleared integer,
    ADD COLUMN question bigint;
ALTER TABLE migration.rerun
    ADD COLUMN opened_no bigint,
    ADD COLUMN cleared integer,
    ADD COLUMN question bigint,
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN approved_at timestamptz;

-- Of one moment the stop counts as the later one.
WITH occasion AS (
    SELECT 'opened' AS kind, id, coalesce(reopened_at, started_at) AS at, 1 AS rank FROM migration.wave
    UNION ALL
    SELECT 'rerun', id, opened_at, 2 FROM migration.rerun
    UNION ALL
    SELECT 'stopped', id, stopped_at, 3 FROM migration.wave WHERE stopped_at IS NOT NULL
), numbered AS (
    SELECT kind, id, nextval('migration.occasion') AS no
    FROM (SELECT kind, id FROM occasion ORDER BY at, rank, id) AS ordered
), reruns AS (
    UPDATE migration.rerun SET opened_no = no FROM numbered WHERE kind = 'rerun' AND numbered.id = rerun.id
)
UPDATE migration.wave
SET opened_no = opened.no, stopped_no = stopped.no
FROM numbered AS opened
LEFT JOIN numbered AS stopped ON stopped.kind = 'stopped' AND stopped.id = opened.id
WHERE opened.kind = 'opened' AND opened.id = wave.id;

ALTER TABLE migration.wave
    ALTER COLUMN opened_no SET DEFAULT nextval('migration.occasion'),
    ALTER COLUMN opened_no SET NOT NULL;
ALTER TABLE migration.rerun
    ALTER COLUMN opened_no SET DEFAULT nextval('migration.occasion'),
    ALTER COLUMN opened_no SET NOT NULL;

COMMENT ON COLUMN migration.wave.opened_no IS 'Number of the occasion on which it was planned, or its run last cleared.';
COMMENT ON COLUMN migration.wave.stopped_no IS 'Number of the occasion on which it was last stopped: it holds reruns that were opened before.';
COMMENT ON COLUMN migration.wave.cleared IS 'How often Airflow''s run had been cleared when the wave was opened: a retried task opens nothing.';
COMMENT ON COLUMN migration.wave.question IS 'Number of the last question that its gate asked.';
COMMENT ON COLUMN migration.rerun.opened_no IS 'Number of the occasion on which it, or the clearing of its run, began.';
COMMENT ON COLUMN migration.rerun.cleared IS 'How often Airflow''s run had been cleared when the rerun was opened: a retried task opens nothing.';
COMMENT ON COLUMN migration.rerun.question IS 'Number of the last question that its gate asked.';
COMMENT ON COLUMN migration.rerun.asked_at IS 'When its gate last asked for approval.';
COMMENT ON COLUMN migration.rerun.approved_at IS 'When a person approved it; NULL before that, and after its run was cleared.';

CREATE TABLE migration.stop_order (
    no                  bigint PRIMARY KEY DEFAULT nextval('migration.occasion'),
    kraken              text,
    ordered_by          text NOT NULL,
    reason              text,
    stop_reason         text NOT NULL,
    waves               bigint[] NOT NULL,
    reruns              bigint[] NOT NULL,
    ordered_at          timestamptz NOT NULL
);

CREATE TRIGGER stop_order_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.stop_order
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.stop_order IS 'Append-only: who stopped every wave and rerun, when and why. It holds whatever was opened before it.';
COMMENT ON COLUMN migration.stop_order.no IS 'Number of the occasion.';
COMMENT ON COLUMN migration.stop_order.kraken IS 'Connection or Kraken that it was limited to; NULL for every one.';
COMMENT ON COLUMN migration.stop_order.ordered_by IS 'Airflow user, or user of the machine on which the command ran.';
COMMENT ON COLUMN migration.stop_order.reason IS 'Why, in that person''s words; NULL when none were given.';
COMMENT ON COLUMN migration.stop_order.stop_reason IS 'One sentence: what the stopped waves and reruns say of themselves.';
COMMENT ON COLUMN migration.stop_order.waves IS 'Waves that were under way and were stopped by it.';
COMMENT ON COLUMN migration.stop_order.reruns IS 'Reruns that were under way and were stopped by it.';
COMMENT ON COLUMN migration.stop_order.ordered_at IS 'When.';

CREATE FUNCTION migration.hindrance(of_wave bigint, of_rerun bigint)
RETURNS TABLE (stopped_at timestamptz, stop_code text, stop_reason text)
LANGUAGE sql STABLE AS $$
    SELECT hindrance.stopped_at, hindrance.stop_code, hindrance.stop_reason
    FROM migration.wave
    LEFT JOIN migration.rerun ON rerun.id = of_rerun
    CROSS JOIN LATERAL (
        SELECT 1 AS rank, rerun.stopped_at, rerun.stop_code, rerun.stop_reason
        WHERE rerun.stopped_at IS NOT NULL
        UNION ALL
        -- A rerun goes on after a stop that came before it, but not after a person's decision.
        SELECT 2, wave.stopped_at, wave.stop_code, wave.stop_reason
        WHERE wave.stopped_at IS NOT NULL
            AND (
                of_rerun IS NULL
                OR wave.stop_code IN ('cancelled', 'rejected', 'not_approved')
                OR coalesce(wave.stopped_no > rerun.opened_no, true)
            )
        UNION ALL
        -- Its plan may not have been committed when everything was stopped, or one task of it was cleared.
        SELECT 3, given.ordered_at, 'stop_all', given.stop_reason
        FROM migration.stop_order AS given
        WHERE given.no > CASE WHEN of_rerun IS NULL THEN wave.opened_no ELSE rerun.opened_no END
            AND (given.kraken IS NULL OR given.kraken IN (wave.connection_id, wave.target_kraken))
        UNION ALL
        SELECT 4, wave.closed_at, 'closed', format(
            'wave %s is closed since %s UTC: open it again first (make wave-open), then clear the run.',
            quote_literal(wave.name), to_char(wave.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
        )
        WHERE wave.closed_at IS NOT NULL
        ORDER BY rank, stopped_at
        LIMIT 1
    ) AS hindrance
    WHERE wave.id = of_wave
$$;
COMMENT ON FUNCTION migration.hindrance IS 'What keeps a wave, or a rerun (NULL for none) in it, from creating anything until a person acts; no row when nothing does.';

CREATE FUNCTION migration.may_create(of_wave bigint, of_rerun bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM migration.wave WHERE id = of_wave AND paused_at IS NULL)
        AND NOT EXISTS (SELECT FROM migration.hindrance(of_wave, of_rerun))
$$;
COMMENT ON FUNCTION migration.may_create IS 'Whether a wave, or a rerun in it, is neither paused nor kept from creating.';

CREATE SEQUENCE migration.question;
COMMENT ON SEQUENCE migration.question IS 'Numbers the questions of the gates.';

ALTER TABLE migration.import_process
    ADD COLUMN question bigint,
    ADD COLUMN question_attempt integer;
COMMENT ON COLUMN migration.import_process.question IS 'Last question, of its wave or of a rerun, that was asked about it.';
COMMENT ON COLUMN migration.import_process.question_attempt IS 'Its attempt then: an approval is for that payload and no later one.';

CREATE FUNCTION migration.licence(of_wave bigint, of_rerun bigint)
RETURNS TABLE (is_needed boolean, question bigint)
LANGUAGE sql STABLE AS $$
    SELECT
        wave.approval = 'required'
            AND NOT (rerun.id IS NOT NULL AND NOT wave.reruns_ask AND wave.approved_at IS NOT NULL),
        CASE
            WHEN of_rerun IS NULL THEN CASE WHEN wave.approved_at IS NOT NULL THEN wave.question END
            WHEN rerun.approved_at IS NOT NULL THEN rerun.question
        END
    FROM migration.wave
    LEFT JOIN migration.rerun ON rerun.id = of_rerun
    WHERE wave.id = of_wave
$$;
COMMENT ON FUNCTION migration.licence IS 'Whether a wave, or a rerun in it, creates only what was approved, and the approved question; a record is covered when that question was asked about its present attempt.';

CREATE TABLE migration.rerun_decision (
    rerun_id            bigint NOT NULL REFERENCES migration.rerun,
    asked_at            timestamptz NOT NULL,
    decision            text NOT NULL CHECK (decision IN ('approved', 'rejected', 'expired', 'withdrawn')),
    decided_by          text,
    decided_at          timestamptz NOT NULL,
    PRIMARY KEY (rerun_id, asked_at),
    CHECK ((decided_by IS NULL) = (decision IN ('expired', 'withdrawn')))
);

CREATE TRIGGER rerun_decision_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.rerun_decision
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.rerun_decision IS 'Append-only: what was decided at the gate of a rerun, one row for each time that it asked.';
COMMENT ON COLUMN migration.rerun_decision.rerun_id IS 'The rerun.';
COMMENT ON COLUMN migration.rerun_decision.asked_at IS 'When the gate asked.';
COMMENT ON COLUMN migration.rerun_decision.decision IS 'approved, rejected, expired when no answer came in time, or withdrawn when it was stopped first.';
COMMENT ON COLUMN migration.rerun_decision.decided_by IS 'Airflow user who decided; NULL when no user did.';
COMMENT ON COLUMN migration.rerun_decision.decided_at IS 'When it was decided.';

-- A wave that is stopped while its question stands: its question is not asked any more.
ALTER TABLE migration.wave_decision
    DROP CONSTRAINT wave_decision_decision_check,
    DROP CONSTRAINT wave_decision_check,
    ADD CONSTRAINT wave_decision_decision_check
        CHECK (decision IN ('approved', 'rejected', 'expired', 'withdrawn')),
    ADD CONSTRAINT wave_decision_check
        CHECK ((decided_by IS NULL) = (decision IN ('expired', 'withdrawn')));
COMMENT ON COLUMN migration.wave_decision.decision IS 'approved, rejected, expired when no answer came in time, or withdrawn when the wave was stopped first.';
