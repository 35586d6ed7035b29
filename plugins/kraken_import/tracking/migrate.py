"""Brings the schema of the tracking database up to date with Alembic (`sql/tracking/migrations`)."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from kraken_import.tracking.queries import SQL_FOLDER

# Any number works as long as no other lock in this database uses it.
_UPGRADE_LOCK = 7_204_617_155


def upgrade(*, engine: Engine) -> None:
    """Create or upgrade schema `migration`. Safe to call at any time, and from several places at once."""
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS migration"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
