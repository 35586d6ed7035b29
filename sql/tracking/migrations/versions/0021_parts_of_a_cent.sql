-- Kraken takes amounts with up to ten places, and legacy systems bill parts of a cent: a sum that drops them hides a
-- difference. Still in cents, so that what is kept stays what it is.

ALTER TABLE migration.record_money
    ALTER COLUMN legacy_cents TYPE numeric,
    ALTER COLUMN payload_cents TYPE numeric;
ALTER TABLE migration.batch_money ALTER COLUMN cents TYPE numeric;
ALTER TABLE migration.handed_on_money ALTER COLUMN cents TYPE numeric;
ALTER TABLE migration.purged_money
    ALTER COLUMN legacy_cents TYPE numeric,
    ALTER COLUMN payload_cents TYPE numeric;
ALTER TABLE migration.reconciliation_difference ALTER COLUMN cents TYPE numeric;

COMMENT ON COLUMN migration.record_money.legacy_cents IS 'Their exact sum in cents, read in the snapshot of the extract.';
COMMENT ON COLUMN migration.record_money.payload_cents IS 'Their exact sum in cents; NULL when the build rejected the customer.';
COMMENT ON COLUMN migration.batch_money.cents IS 'The exact sum in cents, in Kraken''s sign: credits positive.';
COMMENT ON COLUMN migration.handed_on_money.cents IS 'The exact sum in cents, in Kraken''s sign: credits positive.';
COMMENT ON COLUMN migration.purged_money.legacy_cents IS 'Exact sum of the balances in the legacy database, in cents.';
COMMENT ON COLUMN migration.purged_money.payload_cents IS 'Exact sum of the balances in the payloads, in cents; 0 without payloads.';
COMMENT ON COLUMN migration.reconciliation_difference.cents IS 'Ours less theirs in cents and parts of a cent, when money differs.';
