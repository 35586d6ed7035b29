-- What the owner of a difference has to say about it.

ALTER TABLE migration.reconciliation_difference ADD COLUMN note text;

COMMENT ON COLUMN migration.reconciliation_difference.note IS 'What the owner says about it, without personal data; NULL when nothing was said.';
