-- Money by record and by batch, and what reconciliation found.

CREATE TABLE migration.record_money (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    import_process_id   bigint NOT NULL REFERENCES migration.import_process,
    ledger              text NOT NULL,
    currency            text NOT NULL,
    legacy_entries      integer NOT NULL,
    legacy_cents        bigint NOT NULL,
    payload_entries     integer,
    payload_cents       bigint,
    PRIMARY KEY (import_process_id, ledger, currency),
    CHECK ((payload_entries IS NULL) = (payload_cents IS NULL))
);

CREATE INDEX record_money_batch_idx ON migration.record_money (wave_id, batch);

COMMENT ON TABLE migration.record_money IS 'Balances of each customer at the last build, in Kraken''s sign. Amounts are personal data: purge them with the wave''s payloads.';
COMMENT ON COLUMN migration.record_money.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.record_money.batch IS 'Its batch.';
COMMENT ON COLUMN migration.record_money.import_process_id IS 'The import process.';
COMMENT ON COLUMN migration.record_money.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.record_money.currency IS 'Currency of the amounts (ISO 4217).';
COMMENT ON COLUMN migration.record_money.legacy_entries IS 'How many balances the legacy database has there.';
COMMENT ON COLUMN migration.record_money.legacy_cents IS 'Their sum in cents, read in the snapshot of the extract.';
COMMENT ON COLUMN migration.record_money.payload_entries IS 'How many balances the payload has there; NULL when the build rejected the customer.';
COMMENT ON COLUMN migration.record_money.payload_cents IS 'Their sum in cents; NULL when the build rejected the customer.';

CREATE TABLE migration.batch_money (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    stage               text NOT NULL CHECK (stage IN ('legacy', 'payload')),
    ledger              text NOT NULL,
    currency            text NOT NULL,
    customers           integer NOT NULL,
    cents               bigint NOT NULL,
    PRIMARY KEY (wave_id, batch, stage, ledger, currency)
);

COMMENT ON TABLE migration.batch_money IS 'Sums of balances by batch, written with each build.';
COMMENT ON COLUMN migration.batch_money.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.batch_money.batch IS 'The batch.';
COMMENT ON COLUMN migration.batch_money.stage IS 'legacy for what was selected, payload for what was built.';
COMMENT ON COLUMN migration.batch_money.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.batch_money.currency IS 'Currency of the sum (ISO 4217).';
COMMENT ON COLUMN migration.batch_money.customers IS 'Customers that have such a balance.';
COMMENT ON COLUMN migration.batch_money.cents IS 'The sum in cents, in Kraken''s sign: credits positive.';

CREATE TABLE migration.reconciliation (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint REFERENCES migration.wave,
    target_kraken       text NOT NULL,
    import_supplier     text NOT NULL,
    resource            text NOT NULL,
    source              text NOT NULL CHECK (source IN ('listing', 'status', 'none')),
    counts              jsonb NOT NULL,
    differences         integer NOT NULL,
    reconciled_at       timestamptz NOT NULL
);

CREATE INDEX reconciliation_wave_idx ON migration.reconciliation (wave_id, id);

COMMENT ON TABLE migration.reconciliation IS 'One row for each wave, or import supplier, and each time it was reconciled.';
COMMENT ON COLUMN migration.reconciliation.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.reconciliation.wave_id IS 'The wave; NULL for what belongs to an import supplier but to no wave of ours.';
COMMENT ON COLUMN migration.reconciliation.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.reconciliation.import_supplier IS 'Kraken''s code for the supplier.';
COMMENT ON COLUMN migration.reconciliation.resource IS 'accounts or supply-points.';
COMMENT ON COLUMN migration.reconciliation.source IS 'How Kraken''s side was read: its listing, its status endpoint record by record, or not at all.';
COMMENT ON COLUMN migration.reconciliation.counts IS 'What was counted on the way, by name.';
COMMENT ON COLUMN migration.reconciliation.differences IS 'Differences that were open afterwards.';
COMMENT ON COLUMN migration.reconciliation.reconciled_at IS 'When.';

CREATE TABLE migration.reconciliation_difference (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint REFERENCES migration.wave,
    target_kraken       text NOT NULL,
    import_supplier     text NOT NULL,
    resource            text NOT NULL,
    kind                text NOT NULL,
    external_identifier text,
    batch               integer,
    ledger              text,
    currency            text,
    ours                text NOT NULL,
    theirs              text NOT NULL,
    cents               bigint,
    owner               text,
    owned_at            timestamptz,
    found_at            timestamptz NOT NULL,
    seen_at             timestamptz NOT NULL,
    resolved_at         timestamptz,
    CHECK ((owner IS NULL) = (owned_at IS NULL))
);

-- What is still open is one row, however often it is found again.
CREATE UNIQUE INDEX reconciliation_difference_open_key ON migration.reconciliation_difference (
    target_kraken, import_supplier, resource, kind, wave_id, external_identifier, batch, ledger, currency
) NULLS NOT DISTINCT WHERE resolved_at IS NULL;
CREATE INDEX reconciliation_difference_wave_idx ON migration.reconciliation_difference (wave_id);

COMMENT ON TABLE migration.reconciliation_difference IS 'One row for each difference that somebody must act on; docs/how-to/reconcile.md says how.';
COMMENT ON COLUMN migration.reconciliation_difference.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.reconciliation_difference.wave_id IS 'The wave of the record; NULL when no wave of ours has it.';
COMMENT ON COLUMN migration.reconciliation_difference.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.reconciliation_difference.import_supplier IS 'Kraken''s code for the supplier.';
COMMENT ON COLUMN migration.reconciliation_difference.resource IS 'accounts or supply-points.';
COMMENT ON COLUMN migration.reconciliation_difference.kind IS 'What differs, for example missing_at_kraken.';
COMMENT ON COLUMN migration.reconciliation_difference.external_identifier IS 'The customer; NULL when a whole batch differs.';
COMMENT ON COLUMN migration.reconciliation_difference.batch IS 'The batch, when a whole batch differs.';
COMMENT ON COLUMN migration.reconciliation_difference.ledger IS 'The ledger, when money differs.';
COMMENT ON COLUMN migration.reconciliation_difference.currency IS 'Its currency.';
COMMENT ON COLUMN migration.reconciliation_difference.ours IS 'What the tracking database, or the payload, says: a state, an identifier, a number.';
COMMENT ON COLUMN migration.reconciliation_difference.theirs IS 'What the other side says: Kraken, or the legacy database.';
COMMENT ON COLUMN migration.reconciliation_difference.cents IS 'Ours less theirs in cents, when money differs.';
COMMENT ON COLUMN migration.reconciliation_difference.owner IS 'Who looks after it; written by people.';
COMMENT ON COLUMN migration.reconciliation_difference.owned_at IS 'Since when.';
COMMENT ON COLUMN migration.reconciliation_difference.found_at IS 'When it was first found.';
COMMENT ON COLUMN migration.reconciliation_difference.seen_at IS 'When it was last found.';
COMMENT ON COLUMN migration.reconciliation_difference.resolved_at IS 'When it was no longer found; NULL while it is open.';
