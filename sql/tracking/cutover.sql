-- What a wave leaves behind: who is where, who was not migrated, late changes, and their owners.

-- name: crosswalk
SELECT external_identifier, import_supplier, kraken_identifier, attempt, settled_at
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = ANY (%(succeeded)s)
ORDER BY external_identifier

-- name: list_hand_backs
-- An owner who took it on for one reason has not taken on the next one.
INSERT INTO migration.hand_back AS known (
    import_process_id, wave_id, state, attempt, code, path, reason, listed_at
)
SELECT
    process.id,
    process.wave_id,
    process.state,
    process.attempt,
    coalesce(error.code, CASE WHEN process.state = ANY (%(settled)s) THEN process.state ELSE 'not_created' END),
    coalesce(error.path, ''),
    coalesce(
        error.detail,
        CASE
            WHEN process.state = ANY (%(settled)s) THEN 'It ended so without a reason.'
            ELSE coalesce('Nothing was created: ' || wave.stop_reason, 'Nothing was created.')
        END
    ),
    %(at)s
FROM migration.import_process AS process
JOIN migration.wave ON wave.id = process.wave_id
LEFT JOIN LATERAL (
    SELECT code, path, detail
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
    ORDER BY id
    LIMIT 1
) AS error ON true
WHERE process.wave_id = %(wave_id)s
    AND process.state <> ALL (%(succeeded)s)
    AND process.state <> ALL (%(unproved)s)
ON CONFLICT (import_process_id) DO UPDATE
SET wave_id = excluded.wave_id,
    state = excluded.state,
    attempt = excluded.attempt,
    code = excluded.code,
    path = excluded.path,
    reason = excluded.reason,
    listed_at = excluded.listed_at,
    resolved_at = NULL,
    owner = CASE
        WHEN (known.code, known.path) = (excluded.code, excluded.path) AND known.resolved_at IS NULL
            THEN known.owner
    END,
    owned_at = CASE
        WHEN (known.code, known.path) = (excluded.code, excluded.path) AND known.resolved_at IS NULL
            THEN known.owned_at
    END

-- name: resolve_hand_backs
UPDATE migration.hand_back
SET resolved_at = %(at)s
FROM migration.import_process AS process
WHERE hand_back.wave_id = %(wave_id)s
    AND hand_back.resolved_at IS NULL
    AND process.id = hand_back.import_process_id
    AND process.state = ANY (%(succeeded)s)

-- name: note_hand_backs_listed
UPDATE migration.wave SET hand_backs_listed_at = %(at)s WHERE id = %(wave_id)s

-- name: note_late_changes_listed
UPDATE migration.wave SET late_changes_listed_at = %(at)s WHERE id = %(wave_id)s

-- name: hand_backs
-- A customer taken up again by a rerun is undecided until it has ended.
SELECT process.external_identifier, hand_back.state, hand_back.code, hand_back.path, hand_back.reason,
    hand_back.attempt, hand_back.owner, hand_back.note
FROM migration.hand_back
JOIN migration.import_process AS process ON process.id = hand_back.import_process_id
WHERE hand_back.wave_id = %(wave_id)s AND hand_back.resolved_at IS NULL AND process.state <> ALL (%(unproved)s)
ORDER BY hand_back.code, hand_back.path, process.external_identifier

-- name: undecided
-- The last error of a parked record says why it is parked; an open one has none, or an earlier one.
SELECT process.external_identifier, process.import_supplier, process.state,
    coalesce(error.code, '') AS code,
    coalesce(error.detail, 'Kraken has not said yet how its import ended.') AS reason,
    process.attempt
FROM migration.import_process AS process
LEFT JOIN LATERAL (
    SELECT code, detail
    FROM migration.import_error
    WHERE import_process_id = process.id AND attempt = process.attempt AND severity = 'error'
        AND process.state = 'parked'
    ORDER BY id DESC
    LIMIT 1
) AS error ON true
WHERE process.wave_id = %(wave_id)s AND process.state = ANY (%(unproved)s)
ORDER BY code, process.external_identifier

-- name: to_watch
-- Customers whose legacy data must not have changed since they were read: in Kraken, on the way, or perhaps there.
-- By batch, as the index of a wave has them: by id alone, those of every other wave would be read on the way.
SELECT id, batch, external_identifier, watermark
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s) AND watermark IS NOT NULL
    AND (batch, id) > (%(after_batch)s, %(after_id)s)
ORDER BY batch, id
LIMIT %(most)s

-- name: list_late_changes
-- An owner who took on two payments has not taken on a third.
WITH given AS (
    SELECT *
    FROM unnest(
        %(ids)s::bigint[], %(kinds)s::text[], %(changes)s::integer[],
        %(first_at)s::timestamptz[], %(last_at)s::timestamptz[]
    ) AS given (import_process_id, kind, changes, first_at, last_at)
), gone AS (
    DELETE FROM migration.late_change
    WHERE import_process_id = ANY (%(watched)s)
        AND NOT EXISTS (
            SELECT FROM given
            WHERE given.import_process_id = late_change.import_process_id AND given.kind = late_change.kind
        )
)
INSERT INTO migration.late_change AS known (
    import_process_id, kind, wave_id, changes, first_at, last_at, listed_at
)
SELECT import_process_id, kind, %(wave_id)s, changes, first_at, last_at, %(at)s FROM given
ON CONFLICT (import_process_id, kind) DO UPDATE
SET wave_id = excluded.wave_id,
    changes = excluded.changes,
    first_at = excluded.first_at,
    last_at = excluded.last_at,
    listed_at = excluded.listed_at,
    owner = CASE
        WHEN (known.changes, known.last_at) = (excluded.changes, excluded.last_at) THEN known.owner
    END,
    owned_at = CASE
        WHEN (known.changes, known.last_at) = (excluded.changes, excluded.last_at) THEN known.owned_at
    END

-- name: forget_unwatched
DELETE FROM migration.late_change
USING migration.import_process AS process
WHERE late_change.wave_id = %(wave_id)s
    AND process.id = late_change.import_process_id
    AND process.state <> ALL (%(states)s)

-- name: late_changes
SELECT process.external_identifier, process.kraken_identifier, late_change.kind, late_change.changes,
    late_change.first_at, late_change.last_at, late_change.owner, late_change.note
FROM migration.late_change
JOIN migration.import_process AS process ON process.id = late_change.import_process_id
WHERE late_change.wave_id = %(wave_id)s
ORDER BY process.external_identifier, late_change.kind

-- name: differences
-- Those of a wave; without one those of every wave, and those that no wave has.
SELECT difference.wave_id, difference.target_kraken, difference.import_supplier, difference.kind,
    difference.external_identifier, difference.batch, difference.ledger, difference.currency, difference.ours,
    difference.theirs, difference.cents, difference.found_at, difference.owner, difference.note
FROM migration.reconciliation_difference AS difference
WHERE difference.resolved_at IS NULL
    AND (%(wave_id)s::bigint IS NULL OR difference.wave_id = %(wave_id)s)
    AND (
        %(dialect)s::text IS NULL
        OR EXISTS (
            SELECT FROM migration.wave
            WHERE wave.dialect = %(dialect)s
                AND wave.id = coalesce(difference.wave_id, wave.id)
                AND wave.target_kraken = difference.target_kraken
                AND wave.import_supplier = difference.import_supplier
                AND wave.resource = difference.resource
        )
    )
ORDER BY difference.wave_id NULLS FIRST, difference.kind, difference.external_identifier, difference.batch

-- name: unowned_hand_back
SELECT count(*)
FROM migration.hand_back
JOIN migration.import_process AS process ON process.id = hand_back.import_process_id
WHERE hand_back.wave_id = %(wave_id)s AND hand_back.resolved_at IS NULL AND hand_back.owner IS NULL
    AND process.state <> ALL (%(unproved)s)

-- name: unowned_late_change
SELECT count(*) FROM migration.late_change WHERE wave_id = %(wave_id)s AND owner IS NULL

-- name: unowned_difference
SELECT count(*) FROM migration.reconciliation_difference
WHERE wave_id = %(wave_id)s AND resolved_at IS NULL AND owner IS NULL

-- name: own_hand_back
UPDATE migration.hand_back
SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
WHERE wave_id = %(wave_id)s
    AND resolved_at IS NULL
    AND owner IS NULL
    AND (%(code)s::text IS NULL OR code = %(code)s)

-- name: own_late_change
UPDATE migration.late_change
SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
WHERE wave_id = %(wave_id)s AND owner IS NULL AND (%(code)s::text IS NULL OR kind = %(code)s)

-- name: own_difference
UPDATE migration.reconciliation_difference
SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
WHERE wave_id = %(wave_id)s
    AND resolved_at IS NULL
    AND owner IS NULL
    AND (%(code)s::text IS NULL OR kind = %(code)s)

-- name: own_without_wave
-- What Kraken has and no wave does belongs to an import supplier; a dialect is known by those of its waves.
UPDATE migration.reconciliation_difference AS difference
SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
WHERE difference.wave_id IS NULL
    AND difference.resolved_at IS NULL
    AND difference.owner IS NULL
    AND (%(code)s::text IS NULL OR difference.kind = %(code)s)
    AND (
        %(dialect)s::text IS NULL
        OR EXISTS (
            SELECT FROM migration.wave
            WHERE wave.dialect = %(dialect)s
                AND wave.target_kraken = difference.target_kraken
                AND wave.import_supplier = difference.import_supplier
                AND wave.resource = difference.resource
        )
    )

-- name: lock_wave
-- Intents share this row: while it is held, none is committed.
SELECT finished_at IS NOT NULL AS finished, closed_at FROM migration.wave WHERE id = %(wave_id)s FOR UPDATE

-- name: records_in
SELECT count(*) FROM migration.import_process WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s)

-- name: running_reruns
SELECT rerun.id
FROM migration.rerun
WHERE rerun.finished_at IS NULL
    AND EXISTS (
        SELECT FROM migration.rerun_item AS item
        WHERE item.rerun_id = rerun.id AND item.wave_id = %(wave_id)s
    )
ORDER BY rerun.id

-- name: close
UPDATE migration.wave SET closed_at = %(at)s, closed_by = %(by)s WHERE id = %(wave_id)s

-- name: open_again
UPDATE migration.wave SET closed_at = NULL, closed_by = NULL
WHERE id = %(wave_id)s AND closed_at IS NOT NULL
