-- What no two customers of a wave may share: batches are built apart, and compared here.

CREATE TABLE migration.shared_value (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    digest              bytea NOT NULL,
    code                text NOT NULL,
    path                text NOT NULL
);

CREATE INDEX shared_value_digest_idx ON migration.shared_value (wave_id, digest);
CREATE INDEX shared_value_process_idx ON migration.shared_value (import_process_id);

COMMENT ON TABLE migration.shared_value IS 'Digests of values that must be unique in a wave, such as identifiers of supply points.';
COMMENT ON COLUMN migration.shared_value.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.shared_value.import_process_id IS 'The customer that has the value.';
COMMENT ON COLUMN migration.shared_value.digest IS 'BLAKE2b of the rule''s code and the value; the value itself is not here.';
COMMENT ON COLUMN migration.shared_value.code IS 'Code of the rule that wants it to be unique.';
COMMENT ON COLUMN migration.shared_value.path IS 'Where the value stands, without indexes.';
