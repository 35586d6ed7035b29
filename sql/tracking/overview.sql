-- What people ask about waves between their reports.

-- name: waves
-- Without counts: those of every wave would read every record there is.
SELECT wave.id, wave.name, wave.dialect, wave.mode, wave.target_kraken, wave.claimed, wave.started_at,
    wave.finished_at, wave.outcome, wave.outcome_reason, wave.stop_code, wave.stop_reason, wave.paused_at,
    pause.ordered_by AS paused_by, pause.reason AS pause_reason, wave.closed_at, wave.closed_by, wave.purged_at,
    wave.requested_by,
    CASE WHEN question.asked_at IS NULL THEN NULL
        ELSE question.asked_at + make_interval(secs => 60 * wave.approval_minutes) END AS asked_until,
    outage.began_at AS silent_since, wave.ended_states
FROM migration.wave
LEFT JOIN LATERAL (
    SELECT wave.asked_at
    WHERE wave.asked_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM migration.wave_decision AS decision
            WHERE decision.wave_id = wave.id AND decision.asked_at = wave.asked_at
        )
) AS question ON wave.finished_at IS NULL AND wave.stopped_at IS NULL
LEFT JOIN LATERAL (
    SELECT began_at
    FROM migration.outage
    WHERE target_kraken = wave.target_kraken AND ended_at IS NULL AND gives_up_at > migration.present()
        AND next_try_at > migration.present() - interval '5 minutes'
    ORDER BY id DESC
    LIMIT 1
) AS outage ON wave.finished_at IS NULL AND wave.stopped_at IS NULL
LEFT JOIN LATERAL (
    SELECT ordered_by, reason
    FROM migration.wave_control
    WHERE wave_id = wave.id AND action = 'pause'
    ORDER BY id DESC
    LIMIT 1
) AS pause ON wave.paused_at IS NOT NULL
WHERE (%(wave_ids)s::bigint[] IS NULL OR wave.id = ANY (%(wave_ids)s))
    AND (%(dialects)s::text[] IS NULL OR wave.dialect = ANY (%(dialects)s))
ORDER BY wave.id DESC
LIMIT %(most)s

-- name: dialects
SELECT DISTINCT dialect FROM migration.wave
UNION
SELECT DISTINCT dialect FROM migration.cohort
ORDER BY dialect

-- name: reruns
-- A rerun stays in its dialect, Kraken and mode, so only those are asked whether they have records of the wave.
SELECT rerun.id, rerun.requested_by, rerun.requested_at, rerun.records, rerun.stop_code, rerun.stop_reason,
    rerun.finished_at, rerun.outcome, rerun.outcome_reason, rerun.package_version, rerun.mapping_digest,
    coalesce(rerun.mapping_digest <> wave.mapping_digest, false) AS is_mapped_otherwise
FROM migration.wave
JOIN migration.rerun
    ON rerun.dialect = wave.dialect AND rerun.mode = wave.mode AND rerun.target_kraken = wave.target_kraken
WHERE wave.id = %(wave_id)s
    AND EXISTS (SELECT FROM migration.rerun_item WHERE rerun_id = rerun.id AND rerun_item.wave_id = wave.id)
ORDER BY rerun.id
