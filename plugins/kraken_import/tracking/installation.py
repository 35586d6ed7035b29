"""Lets one Airflow use a tracking database: refuses a second one until the first is gone or is let go of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.queries import queries

LAPSE: Final = timedelta(minutes=30)
"""Silence after which another installation may take over: three rounds of `poll_open`."""

# Any number works as long as no other lock in this database uses it.
_NAMING_LOCK: Final = 7_204_617_156


class OtherInstallation(UnableToUseTracking):
    """Another Airflow plans and creates in this tracking database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The installation that uses the database, by what people know it by."""

    name: str
    seen_at: datetime
    lapses_at: datetime


def claim(*, engine: Engine, installation_id: str, name: str) -> None:
    """Hold the database for an installation, or show that it is alive; written at most once a minute.

    Raises `OtherInstallation` while another one holds it.
    """
    with engine.connect() as connection:
        if _SQL.run(connection, "is_fresh", id=installation_id).scalar():
            return
    with engine.begin() as connection:
        values = {"id": installation_id, "name": name, "lapse": LAPSE}
        if _SQL.run(connection, "claim", **values).scalar() is not None:
            return
        other = _holder(connection=connection, query="holder")
    raise OtherInstallation(_refusal(other=other))


def renew(*, engine: Engine, installation_id: str) -> None:
    """Show that an installation is alive. Does nothing if it does not hold the database."""
    with engine.begin() as connection:
        _SQL.run(connection, "renew", id=installation_id)


def free(*, engine: Engine) -> Holder | None:
    """Let go of the installation that holds the database. Returns it, or None when there is none."""
    with engine.begin() as connection:
        return _holder(connection=connection, query="free")


@contextmanager
def naming(*, engine: Engine) -> Iterator[None]:
    """Let the tasks of an installation that has no name yet through one by one."""
    with engine.begin() as connection:
        _SQL.run(connection, "lock_naming", key=_NAMING_LOCK)
        yield


def _holder(*, connection: Connection, query: str) -> Holder | None:
    return _SQL.one(connection, Holder, query, lapse=LAPSE)


def _refusal(*, other: Holder | None) -> str:
    # It may have been let go of since the claim.
    name = "Another Airflow" if other is None else f"Another Airflow, {other.name},"
    until = "a moment" if other is None else f"{other.lapses_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return (
        f"{name} uses this tracking database: run the waves there; or stop it, wait until {until} or free "
        "the database at once with `kraken-migrate db take-over`, and clear the run."
    )


_SQL = queries(file="installation")
