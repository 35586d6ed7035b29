-- Two Airflows with schedules, policies and Krakens of their own would work on the same waves.

CREATE TABLE migration.installation (
    is_only             boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id                  text NOT NULL,
    name                text NOT NULL,
    first_seen_at       timestamptz NOT NULL,
    seen_at             timestamptz NOT NULL
);

COMMENT ON TABLE migration.installation IS 'The Airflow that alone may plan, validate and create here, on however many machines it runs; one row, or none before its first task.';
COMMENT ON COLUMN migration.installation.is_only IS 'Always true: there is one row.';
COMMENT ON COLUMN migration.installation.id IS 'Value of that Airflow''s Variable migration_installation.';
COMMENT ON COLUMN migration.installation.name IS 'Its address, and the machine that was last seen, for people.';
COMMENT ON COLUMN migration.installation.first_seen_at IS 'Since when it has been this one, by the clock of the database.';
COMMENT ON COLUMN migration.installation.seen_at IS 'When it was last seen, by the clock of the database; half an hour later another may take its place.';
