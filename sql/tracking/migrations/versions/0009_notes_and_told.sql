-- What the owner of a difference says about it, and what people were told of what goes wrong between runs.

ALTER TABLE migration.reconciliation_difference ADD COLUMN note text;

COMMENT ON COLUMN migration.reconciliation_difference.note IS 'What the owner says about it, without personal data; NULL when nothing was said.';

CREATE TABLE migration.told (
    subject             text PRIMARY KEY,
    amount              bigint NOT NULL CHECK (amount > 0),
    told_at             timestamptz NOT NULL
);

COMMENT ON TABLE migration.told IS 'What people were last told by the DAG watch, so that they are not told the same every ten minutes.';
COMMENT ON COLUMN migration.told.subject IS 'What it is about, for example open_too_long kraken; no personal data.';
COMMENT ON COLUMN migration.told.amount IS 'How much of it there was: records, cohorts, or 1.';
COMMENT ON COLUMN migration.told.told_at IS 'When a notifier last took the message.';
