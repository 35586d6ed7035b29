"""The tracking database: the only code that touches its tables.

`migrate` brings the schema up to date, `waves` holds waves and batches, `processes` claims import
processes and moves them through their life, `evidence` keeps payloads, answers and errors, and
`progress` reads what people look at. Every write is set-based; the SQL is in `sql/tracking/`.
"""
