-- What people and summaries read.

-- name: states
SELECT state, count(*)
FROM migration.import_process
WHERE wave_id = %(wave_id)s
GROUP BY state

-- name: batch_states
SELECT state, count(*)
FROM migration.import_process
WHERE wave_id = %(wave_id)s AND batch = %(batch)s
GROUP BY state
