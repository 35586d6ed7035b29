-- Counts of records that their moves keep, for pages that many people leave open.

-- name: states
SELECT wave_id, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = ANY (%(wave_ids)s)
GROUP BY wave_id, state
HAVING sum(records) <> 0

-- name: batches
SELECT batch, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = %(wave_id)s
GROUP BY batch, state
HAVING sum(records) <> 0
ORDER BY batch, state

-- name: flow
-- Records that came to a state and stayed for that minute, less those that left it again.
SELECT minute, state, sum(records) AS records
FROM migration.state_count
WHERE wave_id = %(wave_id)s AND state = ANY (%(states)s)
GROUP BY minute, state
HAVING sum(records) <> 0
ORDER BY minute, state
