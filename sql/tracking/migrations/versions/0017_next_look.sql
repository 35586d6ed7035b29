-- When what is open at Kraken is asked about next: said once, for every asker.

-- The jitter is the same for all that calculate it, so that two askers never differ on what is due.
CREATE FUNCTION migration.next_look(
    began_at timestamptz, looked_at timestamptz, id bigint, seen_at timestamptz
) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE
        -- A clock that was set back must not make a record wait until it is right again.
        WHEN greatest(began_at, looked_at) > seen_at THEN seen_at
        ELSE greatest(began_at, looked_at)
            + (0.8 + 0.4 * (
                hashint8extended(id, (1000 * date_part('epoch', greatest(began_at, looked_at)))::bigint) & 1023
            ) / 1023.0::double precision)
            * least(interval '1 minute', interval '1 second' + greatest(interval '0', looked_at - began_at) / 4)
    END
$$;
COMMENT ON FUNCTION migration.next_look IS 'When a record whose create began at Kraken at began_at, and which was last asked about at looked_at (NULL: never), is due again, seen at seen_at: a second after the create, then after a second and a quarter of its age at the last look, a minute at most, and each a fifth more or less.';

-- A poll of a batch reads what the batch has open, and not what its wave has.
DROP INDEX migration.import_process_open_idx;
CREATE INDEX import_process_open_idx ON migration.import_process (wave_id, batch, id)
    WHERE state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing', 'parked');

COMMENT ON COLUMN migration.import_process.polled_at IS 'When its status was last asked, or an asker last took it to ask; it counts from the create on.';
