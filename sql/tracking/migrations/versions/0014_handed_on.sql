-- Customers and money that a wave hands on to another one, and waves whose personal data is purged.

-- Whose a record was is known only while its row is locked, so the row itself says it.
ALTER TABLE migration.import_process
    ADD COLUMN previous_wave_id bigint,
    ADD COLUMN previous_batch integer;
COMMENT ON COLUMN migration.import_process.previous_wave_id IS 'The wave that handed it on to the present one; NULL when the present one is its first.';
COMMENT ON COLUMN migration.import_process.previous_batch IS 'Its batch in that wave.';

CREATE TABLE migration.handed_on (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    to_wave_id          bigint NOT NULL REFERENCES migration.wave,
    customers           integer NOT NULL CHECK (customers > 0),
    handed_on_at        timestamptz NOT NULL,
    CHECK (wave_id <> to_wave_id)
);

CREATE INDEX handed_on_wave_idx ON migration.handed_on (wave_id, batch);

CREATE TRIGGER handed_on_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.handed_on
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.handed_on IS 'Append-only: customers that a later wave took over, from a cancelled wave or from a rehearsal that had ended. Claimed by a wave = still its own + handed on.';
COMMENT ON COLUMN migration.handed_on.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.handed_on.wave_id IS 'The wave that had them.';
COMMENT ON COLUMN migration.handed_on.batch IS 'Their batch in that wave.';
COMMENT ON COLUMN migration.handed_on.to_wave_id IS 'The wave that has them from then on.';
COMMENT ON COLUMN migration.handed_on.customers IS 'How many.';
COMMENT ON COLUMN migration.handed_on.handed_on_at IS 'When.';

CREATE TABLE migration.handed_on_money (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    to_wave_id          bigint NOT NULL REFERENCES migration.wave,
    stage               text NOT NULL CHECK (stage IN ('legacy', 'payload')),
    ledger              text NOT NULL,
    currency            text NOT NULL,
    customers           integer NOT NULL CHECK (customers > 0),
    cents               bigint NOT NULL,
    handed_on_at        timestamptz NOT NULL
);

CREATE INDEX handed_on_money_wave_idx ON migration.handed_on_money (wave_id, batch);

CREATE TRIGGER handed_on_money_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.handed_on_money
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.handed_on_money IS 'Append-only: sums of the balances that went with customers handed on, as their wave had built them. The wave that takes them over reads its own.';
COMMENT ON COLUMN migration.handed_on_money.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.handed_on_money.wave_id IS 'The wave that had them.';
COMMENT ON COLUMN migration.handed_on_money.batch IS 'Their batch in that wave.';
COMMENT ON COLUMN migration.handed_on_money.to_wave_id IS 'The wave that has them from then on.';
COMMENT ON COLUMN migration.handed_on_money.stage IS 'legacy for what was selected, payload for what was built.';
COMMENT ON COLUMN migration.handed_on_money.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.handed_on_money.currency IS 'Currency of the sum (ISO 4217).';
COMMENT ON COLUMN migration.handed_on_money.customers IS 'Customers that have such a balance.';
COMMENT ON COLUMN migration.handed_on_money.cents IS 'The sum in cents, in Kraken''s sign: credits positive.';
COMMENT ON COLUMN migration.handed_on_money.handed_on_at IS 'When.';
