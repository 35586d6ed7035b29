-- What a reconciliation rested on, so that the next one knows what has changed since.

ALTER TABLE migration.reconciliation
    ADD COLUMN extent text NOT NULL DEFAULT 'full' CHECK (extent IN ('full', 'changed', 'kraken', 'skipped')),
    ADD COLUMN watermark text,
    ADD COLUMN doubts text,
    ADD COLUMN compared_at timestamptz,
    ADD COLUMN full_at timestamptz;

-- Each row says what was compared.
ALTER TABLE migration.reconciliation ALTER COLUMN extent DROP DEFAULT;

COMMENT ON COLUMN migration.reconciliation.extent IS 'full: all of it; changed: all but payloads that were found right before; kraken: only what Kraken''s side raises a doubt about; skipped: nothing, since nothing has changed.';
COMMENT ON COLUMN migration.reconciliation.watermark IS 'Digest of the wave''s records, batches and sums before they were compared; NULL where no wave was, and before this was kept.';
COMMENT ON COLUMN migration.reconciliation.doubts IS 'Digest of the records about which Kraken''s listing raises a doubt, and of what it says of them; status where Kraken has no listing.';
COMMENT ON COLUMN migration.reconciliation.compared_at IS 'When the wave itself was last compared, by the clock of the database: what was built well before needs no look at its payload.';
COMMENT ON COLUMN migration.reconciliation.full_at IS 'When all of the wave was last compared, every payload included.';
