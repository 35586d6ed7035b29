"""Alembic's environment: migrations run on the connection that the caller opened, in its transaction."""

from __future__ import annotations

from alembic import context

from kraken_import.tracking.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    **VERSION_TABLE,
)
context.run_migrations()
