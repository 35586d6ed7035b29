-- What the gate between validation and the first create looks at.

-- name: refused
-- What was refused before its create since the wave's run was last opened, and of how many records. What was
-- refused earlier waits for a rerun: a person who has cleared the run has decided to go on without it.
SELECT
    count(*) FILTER (WHERE process.state = ANY (%(refused)s) AND judged.is_new) AS refused,
    count(*) FILTER (WHERE process.state <> ALL (%(refused)s) OR judged.is_new) AS records
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
CROSS JOIN LATERAL (
    SELECT process.settled_at >= coalesce(wave.reopened_at, '-infinity')
        AND coalesce(process.intended_at < process.built_at, true) AS is_new
) AS judged
WHERE process.wave_id = %(wave_id)s

-- name: unrehearsed
-- Valid records whose exact payload no dry run has succeeded with, and whether another payload of the record has.
SELECT process.id, process.attempt, bool_or(tried.import_process_id IS NOT NULL) AS rehearsed_otherwise
FROM migration.import_process AS process
LEFT JOIN migration.import_process AS rehearsal
    ON rehearsal.import_supplier = process.import_supplier
    AND rehearsal.external_identifier = process.external_identifier
    AND rehearsal.resource = process.resource
    AND rehearsal.target_kraken = process.target_kraken
    AND rehearsal.mode = 'rehearsal'
LEFT JOIN migration.import_attempt AS tried
    ON tried.import_process_id = rehearsal.id AND tried.outcome = 'dry_run_succeeded'
WHERE process.wave_id = %(wave_id)s AND process.state = 'valid'
GROUP BY process.id
HAVING bool_and(tried.payload_hash IS DISTINCT FROM process.payload_hash)
ORDER BY process.id

-- name: ask
-- A new question: earlier approvals no longer count. It is asked about the records that are valid in the snapshot
-- that its numbers are read from, as they were built by then.
WITH asked AS (
    UPDATE migration.wave
    SET question = nextval('migration.question'), asked_at = %(at)s, approved_at = NULL
    WHERE id = %(wave_id)s
    RETURNING question
)
UPDATE migration.import_process AS process
SET question = asked.question, question_attempt = process.attempt
FROM asked
WHERE process.wave_id = %(wave_id)s AND process.state = 'valid'

-- name: ask_for_rerun
WITH asked AS (
    UPDATE migration.rerun
    SET question = nextval('migration.question'), asked_at = %(at)s, approved_at = NULL
    WHERE id = %(rerun)s
    RETURNING question
)
UPDATE migration.import_process AS process
SET question = asked.question, question_attempt = process.attempt
FROM asked
JOIN migration.rerun_item AS item ON item.rerun_id = %(rerun)s
WHERE process.id = item.import_process_id AND process.state = 'valid'

-- name: uncovered
-- Valid records of a wave, or of a rerun in it, that no approval covers as they are now.
SELECT count(*)
FROM migration.import_process AS process
CROSS JOIN migration.licence(%(wave_id)s, %(rerun_id)s) AS licence
WHERE process.wave_id = %(wave_id)s
    AND process.state = 'valid'
    AND (%(batch)s::integer IS NULL OR process.batch = %(batch)s)
    AND licence.is_needed
    AND (process.question, process.question_attempt) IS DISTINCT FROM (licence.question, process.attempt)
    AND (
        %(rerun_id)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM migration.rerun_item AS item
            WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
        )
    )

-- name: batches_covered
-- Batches of a wave, or of a rerun in it, with a valid record that may be created as far as approval goes.
SELECT DISTINCT process.batch
FROM migration.import_process AS process
CROSS JOIN migration.licence(%(wave_id)s, %(rerun_id)s) AS licence
WHERE process.wave_id = %(wave_id)s
    AND process.state = 'valid'
    AND (
        NOT licence.is_needed
        OR (process.question = licence.question AND process.question_attempt = process.attempt)
    )
    AND (
        %(rerun_id)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM migration.rerun_item AS item
            WHERE item.rerun_id = %(rerun_id)s AND item.import_process_id = process.id
        )
    )
ORDER BY process.batch

-- name: decide
INSERT INTO migration.wave_decision (wave_id, asked_at, decision, decided_by, decided_at)
SELECT id, asked_at, %(decision)s, %(decided_by)s, %(at)s
FROM migration.wave
WHERE id = %(wave_id)s AND asked_at IS NOT NULL
ON CONFLICT DO NOTHING

-- name: decision
SELECT decision.decision, decision.decided_by, decision.decided_at
FROM migration.wave_decision AS decision
JOIN migration.wave ON wave.id = decision.wave_id AND wave.asked_at = decision.asked_at
WHERE wave.id = %(wave_id)s

-- name: askers
-- The users who triggered the wave or planned one of its cohorts.
SELECT requested_by FROM migration.wave WHERE id = %(wave_id)s AND requested_by IS NOT NULL
UNION
SELECT planned_by FROM migration.cohort WHERE claimed_by_wave = %(wave_id)s AND planned_by IS NOT NULL
ORDER BY 1

-- name: cohorts
SELECT name FROM migration.cohort WHERE claimed_by_wave = %(wave_id)s ORDER BY id

-- name: refuse_approval
INSERT INTO migration.wave_refused_approval (wave_id, asked_at, answered_by, answered_at)
SELECT id, asked_at, %(answered_by)s, %(at)s
FROM migration.wave
WHERE id = %(wave_id)s AND asked_at IS NOT NULL

-- name: approve
-- Nothing that was built while the question stood: it was not asked about that.
UPDATE migration.wave SET approved_at = %(at)s WHERE id = %(wave_id)s AND approved_at IS NULL

-- name: decide_rerun
INSERT INTO migration.rerun_decision (rerun_id, asked_at, decision, decided_by, decided_at)
SELECT id, asked_at, %(decision)s, %(decided_by)s, %(at)s
FROM migration.rerun
WHERE id = %(rerun)s AND asked_at IS NOT NULL
ON CONFLICT DO NOTHING

-- name: rerun_decision
SELECT decision.decision, decision.decided_by, decision.decided_at
FROM migration.rerun_decision AS decision
JOIN migration.rerun ON rerun.id = decision.rerun_id AND rerun.asked_at = decision.asked_at
WHERE rerun.id = %(rerun)s

-- name: approve_rerun
UPDATE migration.rerun SET approved_at = %(at)s WHERE id = %(rerun)s AND approved_at IS NULL

-- name: causes
-- A record without a payload was rejected by our build, one with it held back at the gate.
SELECT state, first_error_code AS code, coalesce(first_error_path, '') AS path,
    payload_hash IS NOT NULL AS is_built,
    state = 'invalid' AND EXISTS (
        SELECT FROM migration.import_error AS error
        WHERE error.import_process_id = process.id AND error.attempt = process.attempt AND error.stage = 'create'
    ) AS on_create,
    count(*) AS records
FROM migration.import_process AS process
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s)
GROUP BY 1, 2, 3, 4, 5
ORDER BY records DESC, code, path
LIMIT %(most)s

-- name: rate
-- Records a second over the last waves of the dialect to this Kraken, from their first create to their last end
-- without the minutes in which nothing was created and nothing ended.
WITH earlier AS (
    SELECT past.id
    FROM migration.wave AS past
    JOIN migration.wave AS present ON present.id = %(wave_id)s
    WHERE past.id <> present.id
        AND past.dialect = present.dialect
        AND past.target_kraken = present.target_kraken
        AND past.finished_at IS NOT NULL
    ORDER BY past.id DESC
    LIMIT 5
), measured AS (
    SELECT
        count(*) / 2.0 AS records,
        least(
            extract(epoch FROM max(moment) - min(moment)), 60 * count(DISTINCT date_trunc('minute', moment))
        ) AS seconds
    FROM migration.import_process AS process
    JOIN earlier ON earlier.id = process.wave_id
    CROSS JOIN LATERAL (VALUES (process.intended_at), (process.settled_at)) AS seen (moment)
    WHERE process.intended_at IS NOT NULL AND process.settled_at IS NOT NULL
    GROUP BY process.wave_id
)
SELECT sum(records) / nullif(sum(seconds), 0) FROM measured

-- name: compare_with_rehearsal
-- Valid records whose payload was rehearsed, was rehearsed otherwise, was never rehearsed with success; and
-- customers rehearsed with success beside them that are valid neither here nor claimed by another live wave.
WITH present AS (
    SELECT process.payload_hash, rehearsal.id AS rehearsal_id, rehearsal.wave_id AS rehearsal_wave_id
    FROM migration.import_process AS process
    LEFT JOIN migration.import_process AS rehearsal
        ON rehearsal.import_supplier = process.import_supplier
        AND rehearsal.external_identifier = process.external_identifier
        AND rehearsal.resource = process.resource
        AND rehearsal.target_kraken = process.target_kraken
        AND rehearsal.mode = 'rehearsal'
    WHERE process.wave_id = %(wave_id)s AND process.state = 'valid'
), judged AS (
    SELECT tried.rehearsed, tried.same
    FROM present
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS rehearsed, coalesce(bool_or(payload_hash = present.payload_hash), false) AS same
        FROM migration.import_attempt
        WHERE import_process_id = present.rehearsal_id AND outcome = 'dry_run_succeeded'
    ) AS tried
), missing AS (
    SELECT rehearsal.id
    FROM migration.import_process AS rehearsal
    LEFT JOIN LATERAL (
        -- OFFSET 0: one probe for each, rather than all live customers at once.
        SELECT id, wave_id, state
        FROM migration.import_process AS live
        WHERE live.import_supplier = rehearsal.import_supplier
            AND live.external_identifier = rehearsal.external_identifier
            AND live.resource = rehearsal.resource
            AND live.target_kraken = rehearsal.target_kraken
            AND live.mode = 'live'
        OFFSET 0
    ) AS process ON true
    WHERE rehearsal.wave_id = ANY (ARRAY(SELECT DISTINCT rehearsal_wave_id FROM present))
        AND rehearsal.state = 'dry_run_succeeded'
        AND (process.id IS NULL OR (process.wave_id = %(wave_id)s AND process.state IN ('rejected', 'invalid', 'parked')))
)
SELECT
    count(*) FILTER (WHERE same) AS same,
    count(*) FILTER (WHERE rehearsed AND NOT same) AS changed,
    count(*) FILTER (WHERE NOT rehearsed) AS new,
    (SELECT count(*) FROM missing) AS missing
FROM judged

-- name: tries
-- A customer's tries of this mode, the last one first; of any Kraken when none is named. The key of an import
-- process begins with the import supplier, so those of the dialect's waves are named too.
SELECT attempt.wave_id, attempt.import_process_id, attempt.attempt, attempt.started_at, attempt.outcome,
    wave.name AS wave_name,
    CASE
        WHEN attempt.airflow_run <> wave.run_id THEN rerun.package_version
        WHEN attempt.started_at >= wave.mapped_at THEN wave.package_version
    END AS package_version,
    CASE
        WHEN attempt.airflow_run <> wave.run_id THEN rerun.mapping_digest
        WHEN attempt.started_at >= wave.mapped_at THEN wave.mapping_digest
    END AS mapping_digest
FROM migration.import_process AS process
JOIN migration.import_attempt AS attempt ON attempt.import_process_id = process.id
JOIN migration.wave ON wave.id = attempt.wave_id
LEFT JOIN migration.rerun
    ON rerun.dialect = process.dialect AND rerun.run_id = attempt.airflow_run
    AND attempt.started_at >= rerun.mapped_at
WHERE process.import_supplier = ANY (ARRAY(
        SELECT DISTINCT import_supplier FROM migration.wave WHERE dialect = %(dialect)s AND mode = %(mode)s
    ))
    AND process.dialect = %(dialect)s
    AND process.external_identifier = %(external_identifier)s
    AND process.mode = %(mode)s
    AND (%(target_kraken)s IS NULL OR process.target_kraken = %(target_kraken)s)
ORDER BY attempt.started_at DESC

-- name: last_payload
-- The first of these tries whose payload is there. The waves are said once more as a list, by which Postgres passes
-- over the partitions of all others: two thousand locks for one payload, otherwise.
SELECT wanted.position, payload.body
FROM migration.payload AS payload
JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(wave_ids)s::bigint[])
    WITH ORDINALITY AS wanted (id, attempt, wave_id, position)
    ON wanted.id = payload.import_process_id
    AND wanted.attempt = payload.attempt
    AND wanted.wave_id = payload.wave_id
WHERE payload.wave_id = ANY (%(partitions)s)
ORDER BY wanted.position
LIMIT 1

-- name: word_question
UPDATE migration.wave SET asked_subject = %(subject)s, asked_body = %(body)s WHERE id = %(wave_id)s

-- name: worded_question
SELECT asked_subject AS subject, asked_body AS body
FROM migration.wave
WHERE id = %(wave_id)s AND asked_subject IS NOT NULL
