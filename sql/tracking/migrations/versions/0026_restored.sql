-- A database that was restored to yesterday does not know what was created since.

CREATE TABLE migration.restored (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restored_at         timestamptz NOT NULL,
    restored_by         text NOT NULL,
    reason              text NOT NULL,
    over_at             timestamptz,
    over_by             text,
    unlisted            text,
    CHECK ((over_at IS NULL) = (over_by IS NULL))
);

-- Of several restores the last one counts: it is in force until it is over, or until the next one.
CREATE UNIQUE INDEX restored_in_force_key ON migration.restored ((true)) WHERE over_at IS NULL;

COMMENT ON TABLE migration.restored IS 'One row for each time that people said that this database was restored from a copy; while one is in force, each create waits for a look-up.';
COMMENT ON COLUMN migration.restored.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.restored.restored_at IS 'When it was said, by the clock of the database.';
COMMENT ON COLUMN migration.restored.restored_by IS 'Who said it.';
COMMENT ON COLUMN migration.restored.reason IS 'Why, in their words.';
COMMENT ON COLUMN migration.restored.over_at IS 'When a full reconciliation was first found clean, or another restore took its place; NULL while it is in force.';
COMMENT ON COLUMN migration.restored.over_by IS 'Who said so.';
COMMENT ON COLUMN migration.restored.unlisted IS 'What Kraken''s support said of imports that no listing shows; NULL where all are listed.';

CREATE TABLE migration.restored_proof (
    restored_id         bigint NOT NULL REFERENCES migration.restored (id),
    target_kraken       text NOT NULL,
    import_supplier     text NOT NULL,
    resource            text NOT NULL,
    proved_at           timestamptz NOT NULL,
    proved_by           text NOT NULL,
    PRIMARY KEY (restored_id, target_kraken, import_supplier, resource)
);

COMMENT ON TABLE migration.restored_proof IS 'Import suppliers of which everything was compared with Kraken since a restore. Creates of any other wait for a look-up, however long ago it was: what the copy never knew of it may be in Kraken.';
COMMENT ON COLUMN migration.restored_proof.restored_id IS 'The restore; only the last one counts.';
COMMENT ON COLUMN migration.restored_proof.target_kraken IS 'Host name of the Kraken.';
COMMENT ON COLUMN migration.restored_proof.import_supplier IS 'Kraken''s code for the supplier that the customers came from.';
COMMENT ON COLUMN migration.restored_proof.resource IS 'What is imported: accounts or supply points.';
COMMENT ON COLUMN migration.restored_proof.proved_at IS 'When it was found proved, by the clock of the database.';
COMMENT ON COLUMN migration.restored_proof.proved_by IS 'Who ended the look-ups.';

CREATE TRIGGER restored_proof_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.restored_proof
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

CREATE FUNCTION migration.looks_up_first(of_kraken text, of_supplier text, of_resource text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM migration.restored
        WHERE restored.id = (SELECT max(id) FROM migration.restored)
            AND NOT EXISTS (
                SELECT FROM migration.restored_proof AS proof
                WHERE proof.restored_id = restored.id
                    AND proof.target_kraken = of_kraken
                    AND proof.import_supplier = of_supplier
                    AND proof.resource = of_resource
            )
    )
$$;
COMMENT ON FUNCTION migration.looks_up_first IS 'Whether each create of an import supplier waits for a look-up, because nothing proves since the last restore that what Kraken has of it is known.';

ALTER TABLE migration.reconciliation ADD COLUMN visible_until timestamptz;
COMMENT ON COLUMN migration.reconciliation.visible_until IS 'What was sent before this was visible in Kraken when the comparison began, by the clock of the database. NULL: not known.';
