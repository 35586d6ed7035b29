-- People's decisions about records that Kraken's answers do not prove.

-- name: find
SELECT process.id, process.wave_id, process.external_identifier, process.attempt, process.state,
    coalesce(process.intended_at, process.planned_at) AS intended_at, process.evidence_from,
    process.created_at, process.doubted_at, process.doubts, process.kraken_identifier,
    migration.present() AS seen_at, process.batch, process.parked_from,
    CASE
        WHEN EXISTS (
            SELECT FROM migration.import_error AS error
            WHERE error.import_process_id = process.id
                AND error.attempt = process.attempt
                AND error.origin = 'kraken'
                AND error.code ~ '_import_process_already_imported$'
        )
            THEN process.kraken_identifier
    END AS imported_as,
    decision.answer AS said, decision.decided_by, decision.decided_at, decision.to_state
FROM migration.import_process AS process
LEFT JOIN LATERAL (
    SELECT latest.answer, latest.decided_by, latest.decided_at, latest.to_state
    FROM migration.record_decision AS latest
    WHERE latest.import_process_id = process.id AND latest.attempt = process.attempt
    ORDER BY latest.decided_at DESC
    LIMIT 1
) AS decision ON true
WHERE process.wave_id = %(wave_id)s AND process.external_identifier = ANY (%(identifiers)s)
ORDER BY process.id

-- name: hold
SELECT id, attempt, state FROM migration.import_process WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE

-- name: put_back
-- Only to where it may be created from, and past no validation. What Kraken named for an import that it does
-- not have must not be taken for the next import's.
WITH freed AS (
    UPDATE migration.import_process AS process
    SET state = given.to_state, parked_from = NULL, doubted_at = NULL, doubts = 0, kraken_status = NULL,
        kraken_identifier = NULL, created_at = NULL
    FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(to_states)s::text[])
        AS given (id, attempt, to_state)
    WHERE process.id = given.id
        AND process.attempt = given.attempt
        AND process.state = 'parked'
        AND given.to_state = CASE process.parked_from WHEN 'built' THEN 'built' ELSE 'valid' END
    RETURNING process.id, process.attempt, process.wave_id, process.state
)
INSERT INTO migration.import_event (import_process_id, attempt, wave_id, from_state, to_state, occurred_at)
SELECT id, attempt, wave_id, 'parked', state, %(at)s FROM freed
RETURNING import_process_id

-- name: record
INSERT INTO migration.record_decision (
    import_process_id, attempt, decided_at, answer, decided_by, reason, from_state, to_state
)
SELECT id, attempt, migration.present(), %(said)s, %(decided_by)s, %(reason)s, from_state, to_state
FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(from_states)s::text[], %(to_states)s::text[])
    AS given (id, attempt, from_state, to_state)
