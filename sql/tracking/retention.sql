-- Retention: what is kept for longer than the setting says.

-- name: due
-- Waves that ended, and were last rerun, before a time, and have something of this kind. What cannot be seen in a
-- glance is due until retention has taken it, and again after a later run or rerun. OFFSET 0: one probe of the index
-- for each rerun, rather than all items of all of them.
SELECT wave.id, wave.dag_id
FROM migration.wave
WHERE wave.finished_at < %(before)s
    AND NOT EXISTS (
        SELECT FROM migration.rerun
        WHERE (rerun.finished_at IS NULL OR rerun.finished_at >= %(before)s)
            AND EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = rerun.id AND item.wave_id = wave.id
                OFFSET 0
            )
    )
    AND CASE %(kind)s
        WHEN 'payloads' THEN wave.purged_at IS NULL
        WHEN 'answers' THEN to_regclass('migration.answer_wave_' || wave.id) IS NOT NULL
        WHEN 'digests' THEN EXISTS (SELECT FROM migration.shared_value AS value WHERE value.wave_id = wave.id)
        ELSE NOT EXISTS (
            SELECT FROM migration.retention AS taken
            WHERE taken.wave_id = wave.id AND taken.kind = %(kind)s AND taken.done_at >= wave.finished_at
                AND (taken.kind <> 'details' OR taken.amount = 0)
                AND NOT EXISTS (
                    SELECT FROM migration.rerun
                    WHERE rerun.finished_at > taken.done_at
                        AND EXISTS (
                            SELECT FROM migration.rerun_item AS item
                            WHERE item.rerun_id = rerun.id AND item.wave_id = wave.id
                            OFFSET 0
                        )
                )
        )
    END
ORDER BY wave.id

-- name: is_taken
SELECT EXISTS (SELECT FROM migration.retention WHERE wave_id = %(wave_id)s AND kind = %(kind)s)

-- name: record
INSERT INTO migration.retention (kind, wave_id, amount, days, done_at)
VALUES (%(kind)s, %(wave_id)s, %(amount)s, %(days)s, migration.present())

-- name: drop_answers
-- If the table cannot be had soon, it gives way.
SET LOCAL lock_timeout = '2s';
SELECT migration.drop_answers(%(wave_id)s, %(days)s)

-- name: delete_digests
DELETE FROM migration.shared_value
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM migration.shared_value WHERE wave_id = %(wave_id)s LIMIT %(most)s
))

-- name: blank_details
SELECT migration.blank_details(%(wave_id)s, %(most)s, %(days)s)

-- name: delete_compared
SELECT migration.delete_compared(%(before)s, %(most)s, %(days)s)
