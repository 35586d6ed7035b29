-- What Kraken says of an error beside its code, and whether a code of its own is known.

ALTER TABLE migration.import_error
    ADD COLUMN domain text,
    ADD COLUMN event text,
    ADD COLUMN is_named boolean NOT NULL DEFAULT true;

COMMENT ON COLUMN migration.import_error.domain IS 'Which part of Kraken refused; NULL where it names none.';
COMMENT ON COLUMN migration.import_error.event IS 'Latest event of the import process when Kraken told of the error; NULL where it names none.';
COMMENT ON COLUMN migration.import_error.is_named IS 'Whether the code is the error''s own: false for what Kraken said without one, and no table of the dialect knows.';
