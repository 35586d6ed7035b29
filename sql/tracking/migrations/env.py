"""Alembic's environment: migrations run on the connection that the caller opened, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema="migration",
)
context.run_migrations()
