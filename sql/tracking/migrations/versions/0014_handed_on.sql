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

ALTER TABLE migration.wave ADD COLUMN purged_at timestamptz;
COMMENT ON COLUMN migration.wave.purged_at IS 'Since when its payloads, answers and amounts are gone; NULL while they are kept.';

CREATE TABLE migration.wave_purge (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    ordered_by          text NOT NULL,
    reason              text,
    purged_at           timestamptz NOT NULL
);

CREATE INDEX wave_purge_wave_idx ON migration.wave_purge (wave_id);

CREATE TRIGGER wave_purge_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.wave_purge
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

COMMENT ON TABLE migration.wave_purge IS 'Append-only: who purged the personal data of a wave, when and why.';
COMMENT ON COLUMN migration.wave_purge.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.wave_purge.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.wave_purge.ordered_by IS 'User of the machine on which the command ran.';
COMMENT ON COLUMN migration.wave_purge.reason IS 'Why, in that person''s words; NULL when none were given.';
COMMENT ON COLUMN migration.wave_purge.purged_at IS 'When.';

CREATE TABLE migration.purged_money (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    ledger              text NOT NULL,
    currency            text NOT NULL,
    state               text NOT NULL,
    built               boolean NOT NULL,
    customers           integer NOT NULL CHECK (customers > 0),
    legacy_cents        bigint NOT NULL,
    payload_cents       bigint NOT NULL,
    PRIMARY KEY (wave_id, ledger, currency, state, built)
);

COMMENT ON TABLE migration.purged_money IS 'What had become of the money of a wave when its amounts were purged: sums, in Kraken''s sign.';
COMMENT ON COLUMN migration.purged_money.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.purged_money.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.purged_money.currency IS 'Currency of the sums (ISO 4217).';
COMMENT ON COLUMN migration.purged_money.state IS 'State in which the customers stood.';
COMMENT ON COLUMN migration.purged_money.built IS 'Whether there had been a payload.';
COMMENT ON COLUMN migration.purged_money.customers IS 'Customers that have such a balance.';
COMMENT ON COLUMN migration.purged_money.legacy_cents IS 'Sum of the balances in the legacy database.';
COMMENT ON COLUMN migration.purged_money.payload_cents IS 'Sum of the balances in the payloads; 0 without payloads.';

CREATE OR REPLACE VIEW migration.wave_progress AS
SELECT
    wave.id AS wave_id,
    wave.name AS wave_name,
    wave.dialect,
    wave.mode,
    process.state,
    count(*) AS records,
    wave.purged_at
FROM migration.wave
JOIN migration.import_process AS process ON process.wave_id = wave.id
GROUP BY wave.id, process.state;
COMMENT ON COLUMN migration.wave_progress.purged_at IS 'Since when the personal data of the wave is gone; NULL while it is kept.';
