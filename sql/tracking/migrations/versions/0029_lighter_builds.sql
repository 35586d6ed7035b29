-- A build writes five shared values and two balances of each customer, and looked up the wave and the customer of each.

-- They are written in the transaction that has just written the import processes they name; and neither import
-- processes nor waves are ever deleted.
ALTER TABLE migration.shared_value
    DROP CONSTRAINT shared_value_wave_id_fkey,
    DROP CONSTRAINT shared_value_import_process_id_fkey;
ALTER TABLE migration.record_money
    DROP CONSTRAINT record_money_wave_id_fkey,
    DROP CONSTRAINT record_money_import_process_id_fkey;

-- All values of a wave are read at once, and none is looked for by its digest, which comes at random.
DROP INDEX migration.shared_value_digest_idx;
CREATE INDEX shared_value_wave_idx ON migration.shared_value (wave_id);

-- A batch is read in blocks.
COMMENT ON COLUMN migration.batch.watermark IS 'Time of the earliest snapshot in which the legacy database was last read for this batch.';
