-- A key for each wave: payloads and answers are sealed with it, digests are keyed with it, a purge destroys it.

CREATE TABLE migration.wave_key (
    wave_id             bigint PRIMARY KEY REFERENCES migration.wave (id),
    secret              bytea,
    wrapped_by          text,
    made_at             timestamptz NOT NULL,
    wrapped_at          timestamptz,
    destroyed_at        timestamptz,
    CHECK ((secret IS NULL) = (destroyed_at IS NOT NULL))
);

COMMENT ON TABLE migration.wave_key IS 'The key of each wave since there are any. A wave without a row was planned before: its payloads are compressed only, its digests without a key.';
COMMENT ON COLUMN migration.wave_key.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_key.secret IS 'What the keys for payloads, answers and digests are derived from: wrapped, or as it is where wrapped_by is NULL. NULL once it was destroyed.';
COMMENT ON COLUMN migration.wave_key.wrapped_by IS 'Name of the key that has wrapped it. NULL: no wrapping key was configured at the plan, so payloads and answers are compressed only, and the digests alone are keyed.';
COMMENT ON COLUMN migration.wave_key.made_at IS 'When the wave was planned.';
COMMENT ON COLUMN migration.wave_key.wrapped_at IS 'When it was last wrapped; NULL where it is not.';
COMMENT ON COLUMN migration.wave_key.destroyed_at IS 'When the wave was purged: nothing that it has sealed can be opened since.';

COMMENT ON COLUMN migration.payload.body IS 'The payload as JSON in UTF-8, compressed with zlib; where the key of the wave is wrapped also sealed, which the first byte says.';
COMMENT ON COLUMN migration.answer.body IS 'The body, compressed with zlib, and sealed like payloads; NULL when it was empty.';
COMMENT ON COLUMN migration.shared_value.digest IS 'BLAKE2b of the rule''s code and the value, keyed by the wave''s key; the value itself is not here.';

-- Tasks may read keys and add them; that of a wave they destroy with its recorded purge, by a function. Only the owner wraps
-- keys anew, since whatever is written over one makes its wave unreadable.
CREATE FUNCTION migration.refuse_foreign_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The tables of a wave are made last in its plan, so its key is there before them.
    IF to_regclass('migration.payload_wave_' || NEW.wave_id) IS NOT NULL THEN
        RAISE EXCEPTION 'wave % is planned already', NEW.wave_id;
    END IF;
    IF NEW.wrapped_by IS NULL
        AND EXISTS (SELECT FROM migration.wave_key WHERE wrapped_by IS NOT NULL AND destroyed_at IS NULL)
    THEN
        RAISE EXCEPTION 'wave % must have a wrapped key, since waves are sealed here', NEW.wave_id;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION migration.refuse_foreign_key IS 'Refuses a key for a wave that is planned, and one that is not wrapped where waves are sealed.';

CREATE TRIGGER wave_key_is_of_a_plan
    BEFORE INSERT ON migration.wave_key
    FOR EACH ROW EXECUTE FUNCTION migration.refuse_foreign_key();

CREATE FUNCTION migration.destroy_key(of_wave bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT migration.is_purged(of_wave) THEN
        RAISE EXCEPTION 'wave % is not purged', of_wave;
    END IF;
    UPDATE migration.wave_key
    SET secret = NULL, destroyed_at = migration.present()
    WHERE wave_id = of_wave AND secret IS NOT NULL;
END
$$;
COMMENT ON FUNCTION migration.destroy_key IS 'Destroys the key of a wave whose purge is recorded, as the owner of the schema.';
