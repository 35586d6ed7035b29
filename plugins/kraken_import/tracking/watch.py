"""What is checked while no run is looking, and what people have been told about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import OPEN
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecords:
    """How many records Kraken has, or may have, without an end, and since when the oldest."""

    records: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRecords:
    """How many records are parked, and in how many waves."""

    records: int
    waves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCohort:
    """A cohort that is due and that no run has taken."""

    name: str
    dialect: str
    wave_date: date
    planned_at: datetime
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last message about a subject: the amount that it gave, and when it was sent."""

    amount: int
    told_at: datetime


def open_too_long(*, connection: Connection, connection_id: str, before: datetime) -> OpenRecords | None:
    """Return the open records of an Airflow Connection that were sent before a time; None without any."""
    row = _SQL.run(
        connection, "open_too_long", connection_id=connection_id, before=before, open=sorted(OPEN)
    ).one()
    return OpenRecords(records=int(row.records), since=row.since) if row.records else None


def standing(*, connection: Connection, connection_id: str) -> dict[tuple[str, str], int]:
    """Return how many records of a Connection are `open` and `parked`, by dialect and that word."""
    rows = _SQL.run(connection, "standing", connection_id=connection_id, open=sorted(OPEN))
    return {(row.dialect, row.what): int(row.records) for row in rows}


def request_seconds(*, connection: Connection, connection_id: str) -> float | None:
    """Return how long a request usually takes; None before any was made. The slowest Kraken counts."""
    found = _SQL.run(connection, "request_seconds", connection_id=connection_id).scalar()
    return None if found is None else float(found)


def parked(*, connection: Connection, connection_id: str, before: datetime) -> ParkedRecords:
    """Count a Connection's parked records, except those reported by a wave's end since `before`."""
    row = _SQL.run(connection, "parked", connection_id=connection_id, before=before).one()
    return ParkedRecords(records=int(row.records), waves=int(row.waves))


def due_cohorts(*, connection: Connection, dialects: Collection[str], day: date) -> list[DueCohort]:
    """Return the cohorts without a wave whose wave date is this day or before, the earliest first."""
    return _SQL.all(connection, DueCohort, "due_cohorts", dialects=sorted(dialects), day=day)


def told(*, connection: Connection, subject: str) -> Told | None:
    """Return what people were last told of a subject, or None if they were not."""
    return _SQL.one(connection, Told, "told", subject=subject)


def remember(*, connection: Connection, subject: str, amount: int, at: datetime) -> None:
    """Record that people were told."""
    _SQL.run(connection, "remember", subject=subject, amount=amount, at=at)


def forget(*, connection: Connection, subject: str) -> None:
    """Forget a subject that has passed, so that it is reported when it comes back."""
    _SQL.run(connection, "forget", subject=subject)


_SQL = queries(file="watch")
