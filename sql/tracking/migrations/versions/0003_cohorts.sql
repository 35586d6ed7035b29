-- Who is to migrate when: cohorts are planned ahead, and taken by a wave when their night has come.

CREATE TABLE migration.cohort (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                text NOT NULL,
    dialect             text NOT NULL,
    resource            text NOT NULL CHECK (resource IN ('accounts', 'supply-points')),
    mode                text NOT NULL CHECK (mode IN ('live', 'rehearsal')),
    import_supplier     text NOT NULL,
    target_kraken       text NOT NULL,
    wave_date           date,
    rule                text NOT NULL,
    parameters          jsonb NOT NULL,
    planned_at          timestamptz NOT NULL,
    claimed_by_wave     bigint REFERENCES migration.wave,
    -- What the customers repeat, so that they cannot differ from their cohort.
    UNIQUE (id, target_kraken, import_supplier, resource, mode)
);

-- A manual run names its cohort, so a name stands for one.
CREATE UNIQUE INDEX cohort_name_key ON migration.cohort (target_kraken, mode, dialect, name);
CREATE INDEX cohort_due_idx ON migration.cohort (target_kraken, dialect, wave_date)
    WHERE claimed_by_wave IS NULL;
CREATE INDEX cohort_wave_idx ON migration.cohort (claimed_by_wave);

COMMENT ON TABLE migration.cohort IS 'Customers that are to migrate together.';
COMMENT ON COLUMN migration.cohort.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.cohort.name IS 'What people call the cohort; unique for a dialect, Kraken and mode.';
COMMENT ON COLUMN migration.cohort.dialect IS 'Dialect of the data-import API.';
COMMENT ON COLUMN migration.cohort.resource IS 'What is imported: accounts or supply-points.';
COMMENT ON COLUMN migration.cohort.mode IS 'live, or rehearsal for Kraken''s dry run.';
COMMENT ON COLUMN migration.cohort.import_supplier IS 'Kraken''s code for the supplier the customers come from.';
COMMENT ON COLUMN migration.cohort.target_kraken IS 'Scheme, host and port of the Kraken they go to.';
COMMENT ON COLUMN migration.cohort.wave_date IS 'Day in the dialect''s time zone from which a scheduled run takes it; NULL: only a run that names it does.';
COMMENT ON COLUMN migration.cohort.rule IS 'Rule that selected the customers: a file below sql/plan.';
COMMENT ON COLUMN migration.cohort.parameters IS 'Parameters of that rule.';
COMMENT ON COLUMN migration.cohort.planned_at IS 'When it was planned.';
COMMENT ON COLUMN migration.cohort.claimed_by_wave IS 'The wave that has taken it; NULL while none has.';

CREATE TABLE migration.cohort_customer (
    cohort_id           bigint NOT NULL,
    target_kraken       text NOT NULL,
    import_supplier     text NOT NULL,
    resource            text NOT NULL,
    mode                text NOT NULL,
    external_identifier text NOT NULL,
    priority            integer NOT NULL,
    stratum             text NOT NULL,
    FOREIGN KEY (cohort_id, target_kraken, import_supplier, resource, mode)
        REFERENCES migration.cohort (id, target_kraken, import_supplier, resource, mode) ON DELETE CASCADE
);

-- No customer is planned twice: the same key as the import process has.
CREATE UNIQUE INDEX cohort_customer_key ON migration.cohort_customer
    (import_supplier, external_identifier, resource, mode, target_kraken);
CREATE INDEX cohort_customer_order_idx ON migration.cohort_customer (cohort_id, priority, external_identifier);

COMMENT ON TABLE migration.cohort_customer IS 'A customer of a cohort.';
COMMENT ON COLUMN migration.cohort_customer.cohort_id IS 'The cohort.';
COMMENT ON COLUMN migration.cohort_customer.target_kraken IS 'As in the cohort.';
COMMENT ON COLUMN migration.cohort_customer.import_supplier IS 'As in the cohort.';
COMMENT ON COLUMN migration.cohort_customer.resource IS 'As in the cohort.';
COMMENT ON COLUMN migration.cohort_customer.mode IS 'As in the cohort.';
COMMENT ON COLUMN migration.cohort_customer.external_identifier IS 'The customer''s key.';
COMMENT ON COLUMN migration.cohort_customer.priority IS 'Lower goes first.';
COMMENT ON COLUMN migration.cohort_customer.stratum IS 'Account type by which customers are sampled and counted.';
