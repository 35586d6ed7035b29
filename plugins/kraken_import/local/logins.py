"""The users of the bundled databases: each is a member of one role, as in earnest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from kraken_import.local.postgres import Cluster
from kraken_import.tracking import rights
from transforms.sql_files import FOLDER

OWNER: Final = "kraken_owner"
"""Brings the schema of the tracking database up to date."""
APP: Final = "kraken_app"
"""Tasks and commands."""
READER: Final = "kraken_reader"
AUDITOR: Final = "kraken_auditor"
LEGACY: Final = "kraken_legacy"
"""Reads customers."""
WRITEBACK: Final = "kraken_writeback"
"""Holds customers in the legacy system."""

LOGINS: Final = {
    OWNER: rights.OWNER,
    APP: rights.APP,
    READER: rights.READER,
    AUDITOR: rights.AUDITOR,
    LEGACY: "legacy_reader",
    WRITEBACK: "legacy_writeback",
}
"""Each user, and the role that it is a member of."""


def make_logins(*, cluster: Cluster) -> None:
    """Make the roles, and a user for each; those that are there keep what they have."""
    cluster.create_logins(members=LOGINS)


def let_read_legacy(*, engine: Engine) -> None:
    """Let the legacy database's roles, where there are any, do what they are for, as its owner."""
    with engine.begin() as connection:
        made = connection.exec_driver_sql("SELECT rolname FROM pg_roles")
        for name in {"legacy_reader", "legacy_writeback"} & set(made.scalars()):
            statements = (FOLDER / "roles" / f"{name}.sql").read_text(encoding="utf-8")
            connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
