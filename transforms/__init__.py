"""From the legacy database to Kraken's payloads: SQL extracts frames, pandas cleans them, models check them.

`dialect` is the contract that each module under `dialects/` fills in; `registry` finds them. `extract`
reads the frames of a whole batch in one snapshot, `clean` works column by column, `assemble` nests
children into parents, and `build` makes payloads and rejections of it: rows in = payloads + rejections.

To add a dialect, add a module under `dialects/` and its SQL under `sql/extract/<dialect>/`. To use
another legacy schema, rewrite those SQL files only: their columns are the contract.
"""
