-- A pause and a stop are seen beside a wave's progress; a closed wave names the command that opens it.

CREATE OR REPLACE VIEW migration.wave_progress AS
SELECT
    wave.id AS wave_id,
    wave.name AS wave_name,
    wave.dialect,
    wave.mode,
    process.state,
    count(*) AS records,
    wave.purged_at,
    wave.paused_at,
    wave.stop_code
FROM migration.wave
JOIN migration.import_process AS process ON process.wave_id = wave.id
GROUP BY wave.id, process.state;
COMMENT ON COLUMN migration.wave_progress.paused_at IS 'Since when a person has paused the wave; NULL while it is not paused. wave_control says who.';
COMMENT ON COLUMN migration.wave_progress.stop_code IS 'What stopped the wave, as the run book lists it; NULL while nothing has.';

CREATE OR REPLACE FUNCTION migration.hindrance(of_wave bigint, of_rerun bigint)
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
            'wave %s is closed since %s UTC: open it again first (kraken-migrate wave open %s), then clear the run.',
            quote_literal(wave.name), to_char(wave.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), wave.id
        )
        WHERE wave.closed_at IS NOT NULL
        ORDER BY rank, stopped_at
        LIMIT 1
    ) AS hindrance
    WHERE wave.id = of_wave
$$;
