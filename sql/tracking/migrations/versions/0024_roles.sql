-- What only the owner of the schema may do, done for the role that tasks have. These functions run as their owner, so
-- each allows one thing under its own condition. `kraken_import/tracking/rights.py` says who may call them.

CREATE FUNCTION migration.add_partitions(of_wave bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
BEGIN
    IF NOT EXISTS (SELECT FROM migration.wave WHERE id = of_wave) THEN
        RAISE EXCEPTION 'there is no wave %', of_wave;
    END IF;
    IF EXISTS (SELECT FROM migration.wave WHERE id = of_wave AND purged_at IS NOT NULL) THEN
        RAISE EXCEPTION 'wave % is purged', of_wave;
    END IF;
    IF to_regclass('migration.payload_wave_' || of_wave) IS NOT NULL
        OR to_regclass('migration.answer_wave_' || of_wave) IS NOT NULL
    THEN
        RAISE EXCEPTION 'wave % has its tables already', of_wave;
    END IF;
    -- Without a key of its own a wave counts as one from before there were keys, whose payloads are taken unsealed.
    IF NOT EXISTS (SELECT FROM migration.wave_key WHERE wave_id = of_wave)
        AND EXISTS (SELECT FROM migration.wave_key WHERE wrapped_by IS NOT NULL AND destroyed_at IS NULL)
    THEN
        RAISE EXCEPTION 'wave % has no key, and waves are sealed here', of_wave;
    END IF;
    FOREACH parent IN ARRAY ARRAY['payload', 'answer'] LOOP
        EXECUTE format(
            'CREATE TABLE migration.%I (LIKE migration.%I'
            ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
            parent || '_wave_' || of_wave, parent
        );
        -- Attached, not created in place: attaching does not stop other waves from writing.
        EXECUTE format(
            'ALTER TABLE migration.%I ATTACH PARTITION migration.%I FOR VALUES IN (%s)',
            parent, parent || '_wave_' || of_wave, of_wave
        );
    END LOOP;
END
$$;
COMMENT ON FUNCTION migration.add_partitions IS 'Makes the tables of payloads and answers of a wave, as the owner of the schema.';

CREATE FUNCTION migration.is_purged(of_wave bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM migration.wave JOIN migration.wave_purge ON wave_purge.wave_id = wave.id
        WHERE wave.id = of_wave AND wave.purged_at IS NOT NULL
    )
$$;
COMMENT ON FUNCTION migration.is_purged IS 'Whether a wave is purged, and who ordered it is recorded.';

CREATE FUNCTION migration.drop_partitions(of_wave bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT migration.is_purged(of_wave) THEN
        RAISE EXCEPTION 'wave % is not purged', of_wave;
    END IF;
    EXECUTE format(
        'DROP TABLE IF EXISTS migration.%I, migration.%I', 'payload_wave_' || of_wave, 'answer_wave_' || of_wave
    );
END
$$;
COMMENT ON FUNCTION migration.drop_partitions IS 'Drops the payloads and answers of a wave whose purge is recorded, as the owner of the schema.';

CREATE FUNCTION migration.delete_archived(of_wave bigint, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deleted bigint;
BEGIN
    -- The trigger on the table checks what the file holds.
    DELETE FROM migration.import_event
    WHERE id = ANY (ARRAY(
        SELECT event.id
        FROM migration.import_event AS event
        WHERE event.wave_id = of_wave
            AND event.id <= (
                SELECT archive.last_event_id
                FROM migration.event_archive AS archive
                WHERE archive.wave_id = of_wave AND migration.is_purged(of_wave)
            )
        ORDER BY event.occurred_at
        LIMIT most
    ));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = 0 THEN
        UPDATE migration.event_archive
        SET deleted_at = migration.present()
        WHERE wave_id = of_wave AND deleted_at IS NULL;
    END IF;
    RETURN deleted;
END
$$;
COMMENT ON FUNCTION migration.delete_archived IS 'Deletes at most so many events of a wave whose purge is recorded, as far as its file holds them, as the owner of the schema, and returns how many; without one left it notes when that was.';
