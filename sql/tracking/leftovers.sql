-- What waves leave to people, in one form: customers handed back, late changes, differences. A picked one is named by
-- its record, by record and kind, or by its own number. `whose`: any owner or none, `none`, or `some`.

-- name: found
SELECT kind, key, import_process_id, external_identifier, code, path, words, ours, theirs, since, owner, note
FROM migration.leftovers(%(wave_id)s, %(dialects)s, %(unproved)s)
WHERE kind = ANY (%(kinds)s)
    AND (%(code)s::text IS NULL OR code = %(code)s)
    AND (%(whose)s::text IS NULL OR (%(whose)s = 'none') = (owner IS NULL))
    AND (%(picked)s::text[] IS NULL OR kind || ':' || key = ANY (%(picked)s))
ORDER BY kind DESC, code, key
LIMIT %(most)s OFFSET %(offset)s

-- name: counts
-- By kind and code, with and without an owner. The digest tells one set of them from another of as many.
SELECT kind, code, owner IS NOT NULL AS owned, count(*) AS entries,
    bit_xor(hashtextextended(kind || ':' || key, 0)) AS digest
FROM migration.leftovers(%(wave_id)s, %(dialects)s, %(unproved)s)
WHERE %(picked)s::text[] IS NULL OR kind || ':' || key = ANY (%(picked)s)
GROUP BY kind, code, owned
ORDER BY kind DESC, code, owned

-- name: own_hand_backs
-- The digests of these three are those of `counts`.
WITH owned AS (
    UPDATE migration.hand_back
    SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
    FROM migration.import_process AS process
    WHERE process.id = hand_back.import_process_id
        AND hand_back.wave_id = %(wave_id)s AND hand_back.resolved_at IS NULL AND process.state <> ALL (%(unproved)s)
        AND (%(code)s::text IS NULL OR hand_back.code = %(code)s)
        AND (%(whose)s::text IS NULL OR (%(whose)s = 'none') = (hand_back.owner IS NULL))
        AND (%(picked)s::text[] IS NULL OR hand_back.import_process_id::text = ANY (%(picked)s))
    RETURNING 'hand_back:' || hand_back.import_process_id AS key
)
SELECT count(*) AS entries, coalesce(bit_xor(hashtextextended(key, 0)), 0) AS digest FROM owned

-- name: own_late_changes
WITH owned AS (
    UPDATE migration.late_change
    SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
    WHERE wave_id = %(wave_id)s
        AND (%(code)s::text IS NULL OR kind = %(code)s)
        AND (%(whose)s::text IS NULL OR (%(whose)s = 'none') = (owner IS NULL))
        AND (%(picked)s::text[] IS NULL OR import_process_id || '-' || kind = ANY (%(picked)s))
    RETURNING 'late_change:' || import_process_id || '-' || kind AS key
)
SELECT count(*) AS entries, coalesce(bit_xor(hashtextextended(key, 0)), 0) AS digest FROM owned

-- name: own_differences
WITH owned AS (
    UPDATE migration.reconciliation_difference AS difference
    SET owner = %(owner)s, owned_at = %(at)s, note = coalesce(%(note)s, note)
    WHERE difference.wave_id IS NOT DISTINCT FROM %(wave_id)s AND difference.resolved_at IS NULL
        AND (%(code)s::text IS NULL OR difference.kind = %(code)s)
        AND (%(whose)s::text IS NULL OR (%(whose)s = 'none') = (difference.owner IS NULL))
        AND (%(picked)s::text[] IS NULL OR difference.id::text = ANY (%(picked)s))
        AND (
            difference.wave_id IS NOT NULL
            OR EXISTS (
                SELECT FROM migration.wave
                WHERE wave.dialect = ANY (%(dialects)s)
                    AND wave.target_kraken = difference.target_kraken
                    AND wave.import_supplier = difference.import_supplier
                    AND wave.resource = difference.resource
            )
        )
    RETURNING 'difference:' || difference.id AS key
)
SELECT count(*) AS entries, coalesce(bit_xor(hashtextextended(key, 0)), 0) AS digest FROM owned

-- name: of_waves
-- Leftovers of live waves, the newest wave first, and when each was last compared with Kraken.
SELECT wave.id, wave.name, wave.dialect, wave.finished_at, wave.closed_at, wave.closed_by, wave.purged_at,
    handed.entries AS handed_back, handed.unowned AS handed_back_unowned,
    late.entries AS late_changes, late.unowned AS late_changes_unowned,
    differing.entries AS differences, differing.unowned AS differences_unowned,
    last.reconciled_at, wave.hand_backs_listed_at, wave.late_changes_listed_at
FROM (
    SELECT *
    FROM migration.wave
    WHERE mode = 'live' AND dialect = ANY (%(dialects)s)
        AND (%(before)s::bigint IS NULL OR id < %(before)s)
    ORDER BY id DESC
    LIMIT %(most)s
) AS wave
CROSS JOIN LATERAL (
    SELECT count(*) AS entries, count(*) FILTER (WHERE hand_back.owner IS NULL) AS unowned
    FROM migration.hand_back
    JOIN migration.import_process AS process ON process.id = hand_back.import_process_id
    WHERE hand_back.wave_id = wave.id AND hand_back.resolved_at IS NULL AND process.state <> ALL (%(unproved)s)
) AS handed
CROSS JOIN LATERAL (
    SELECT count(*) AS entries, count(*) FILTER (WHERE owner IS NULL) AS unowned
    FROM migration.late_change
    WHERE late_change.wave_id = wave.id
) AS late
CROSS JOIN LATERAL (
    SELECT count(*) AS entries, count(*) FILTER (WHERE owner IS NULL) AS unowned
    FROM migration.reconciliation_difference AS difference
    WHERE difference.wave_id = wave.id AND difference.resolved_at IS NULL
) AS differing
LEFT JOIN LATERAL (
    SELECT reconciled_at FROM migration.reconciliation WHERE reconciliation.wave_id = wave.id ORDER BY id DESC LIMIT 1
) AS last ON true
ORDER BY wave.id DESC

-- name: last_listed
-- When hand-backs and late changes of a wave were last listed, and it was last compared with Kraken; NULL before.
SELECT wave.hand_backs_listed_at AS hand_backs, wave.late_changes_listed_at AS late_changes,
    (
        SELECT reconciled_at FROM migration.reconciliation WHERE reconciliation.wave_id = wave.id ORDER BY id DESC LIMIT 1
    ) AS reconciled
FROM migration.wave
WHERE wave.id = %(wave_id)s

-- name: is_compared_as_a_whole
-- Whether what no wave has was ever looked for.
SELECT EXISTS (SELECT FROM migration.reconciliation WHERE wave_id IS NULL)

-- name: crosswalk_page
-- A page of what is written into a file, in the order of the index of a wave.
SELECT batch, id, external_identifier, import_supplier, kraken_identifier, settled_at
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND state = ANY (%(succeeded)s) AND (batch, id) > (%(after_batch)s, %(after_id)s)
ORDER BY batch, id
LIMIT %(most)s
