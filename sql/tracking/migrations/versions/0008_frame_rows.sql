-- What the SQL of each frame delivered for a batch: a child that is missing breaks no rule, but shows here.

CREATE TABLE migration.batch_frame (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    frame               text NOT NULL,
    again               boolean NOT NULL,
    parents             integer NOT NULL,
    parents_with_rows   integer NOT NULL,
    rows                integer NOT NULL,
    squares             bigint NOT NULL,
    -- A batch of which part was built again has both: the counts of the whole, and those of the part.
    PRIMARY KEY (wave_id, batch, frame, again),
    CHECK (parents_with_rows <= parents AND parents_with_rows <= rows)
);

COMMENT ON TABLE migration.batch_frame IS 'Rows that each frame''s SQL delivered for a batch, written with each build of the wave; reruns write nothing here.';
COMMENT ON COLUMN migration.batch_frame.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.batch_frame.batch IS 'The batch.';
COMMENT ON COLUMN migration.batch_frame.frame IS 'The frame, as the dialect calls it.';
COMMENT ON COLUMN migration.batch_frame.again IS 'false for the last build of the whole batch; true for a later build of those of its customers that had not been created.';
COMMENT ON COLUMN migration.batch_frame.parents IS 'Rows of the parent frame; for the first frame of a dialect, the customers asked for.';
COMMENT ON COLUMN migration.batch_frame.parents_with_rows IS 'How many of them have at least one row in this frame.';
COMMENT ON COLUMN migration.batch_frame.rows IS 'Rows of this frame, those without a parent too.';
COMMENT ON COLUMN migration.batch_frame.squares IS 'Sum over the parents of the square of their rows: it tells how much they vary.';
