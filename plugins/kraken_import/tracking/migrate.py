"""Brings the schema of the tracking database up to date with Alembic (`sql/tracking/migrations`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from kraken_import.tracking import roles
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.queries import SQL_FOLDER, queries

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


def check(*, engine: Engine) -> None:
    """Raise `UnableToUseTracking` unless the schema is the one that this code was made for.

    For tasks, of which a wave has thousands: steps are told by the names of their files, and none is read.
    """
    with engine.connect() as connection:
        found = str(queries(file="installation").run(connection, "schema_version").scalar_one())
    steps = known_steps()
    wanted = max(steps)
    if found == wanted:
        return
    if found in steps:
        raise UnableToUseTracking(
            f"The tracking database has schema {found}, and this package needs {wanted}: bring it up to date "
            "with `kraken-migrate db upgrade` while no wave runs, and clear the run."
        )
    raise UnableToUseTracking(
        f"The tracking database has schema {found}, and this package was made for {wanted}: install the "
        "newer package on this machine too, and clear the run."
    )


@cache
def known_steps() -> frozenset[str]:
    """Return every version of the schema that this code knows."""
    files = (SQL_FOLDER / "migrations" / "versions").glob("*.py")
    return frozenset(found[1] for file in files if (found := re.match(r"(\d{4})_", file.name)))


def upgrade(*, engine: Engine) -> str | None:
    """Create or upgrade schema `migration`, its roles and what each of them may do.

    Safe to call at any time, and from several places at once. Returns a sentence on tables that it had to
    leave to another user; None where there are none. Raises `UnableToSetRights`.
    """
    config = _config()
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        roles.make_roles(connection=connection)
        config.attributes["connection"] = connection
        with roles.in_a_sentence(connection=connection):
            # Saying IF NOT EXISTS takes the right to create one, where there is one too.
            if connection.execute(text("SELECT to_regnamespace('migration')")).scalar() is None:
                connection.execute(text("CREATE SCHEMA migration"))
            command.upgrade(config, "head")
        roles.hand_over(connection=connection)
    return roles.hand_over_partitions(engine=engine)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    return config
