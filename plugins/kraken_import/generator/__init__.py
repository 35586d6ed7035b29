"""The legacy database of the demonstration: its schema, the guides' customers, and generated ones.

The SQL is in `sql/legacy/`. The pipeline never imports this: it only reads the database.
"""
