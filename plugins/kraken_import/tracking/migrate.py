"""Brings the schema of the tracking database up to date with Alembic (`sql/tracking/migrations`)."""

from __future__ import annotations

from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from kraken_import.tracking.queries import SQL_FOLDER

VERSION_TABLE = {"version_table": "schema_version", "version_table_schema": "migration"}
"""Where the version of the schema is kept, in Alembic's words."""

# Any number works as long as no other lock in this database uses it.
_UPGRADE_LOCK = 7_204_617_155


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The version of a tracking database's schema beside the one that this code needs; None: no schema."""

    found: str | None
    wanted: str
    is_newer: bool
    """Whether this code does not know the version, since a later one has made it."""

    @property
    def is_current(self) -> bool:
        """Whether the two are the same."""
        return self.found == self.wanted

    @property
    def in_words(self) -> str:
        """The version that was found."""
        return "no schema of the pipeline" if self.found is None else f"schema {self.found}"


def standing(*, engine: Engine) -> Standing:
    """Return which schema a tracking database has, and which one is needed."""
    script = ScriptDirectory.from_config(_config())
    (wanted,) = script.get_heads()
    known = {each.revision for each in script.walk_revisions()}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=VERSION_TABLE)
        found = max(context.get_current_heads(), default=None)
    return Standing(found=found, wanted=wanted, is_newer=found is not None and found not in known)


def upgrade(*, engine: Engine) -> None:
    """Create or upgrade schema `migration`. Safe to call at any time, and from several places at once."""
    config = _config()
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS migration"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    return config
