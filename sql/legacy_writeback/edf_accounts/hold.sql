-- Hold these customers in the legacy system, before they are read. Asked twice it changes nothing.
-- Runs under the Connection `legacy_writeback`, whose role may touch this table and nothing else.

INSERT INTO legacy.migration_hold (account_number, held_at)
SELECT given.account_number, transaction_timestamp()
FROM unnest(CAST(:identifiers AS text[])) AS given (account_number)
ON CONFLICT (account_number) DO NOTHING
