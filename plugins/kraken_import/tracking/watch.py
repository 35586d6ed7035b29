"""What is looked at while no run is looking, and what people have been told of it."""

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
    """A cohort that may be taken, and that no run has taken."""

    name: str
    dialect: str
    wave_date: date
    planned_at: datetime
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What people were last told of a subject: how much of it there was, and when."""

    amount: int
    told_at: datetime


def open_too_long(*, connection: Connection, connection_id: str, before: datetime) -> OpenRecords | None:
    """Open records of an Airflow Connection that were sent before a time. Returns None without any."""
    row = connection.exec_driver_sql(
        _SQL["open_too_long"],
        {
            "connection_id": connection_id,
            "before": before,
            "open": sorted(state.value for state in OPEN),
        },
    ).one()
    return OpenRecords(records=int(row.records), since=row.since) if row.records else None


def parked(*, connection: Connection, connection_id: str, before: datetime) -> ParkedRecords:
    """Parked records of a Connection's waves, but for what the end of a wave told of not `before` a time."""
    row = connection.exec_driver_sql(_SQL["parked"], {"connection_id": connection_id, "before": before}).one()
    return ParkedRecords(records=int(row.records), waves=int(row.waves))


def due_cohorts(*, connection: Connection, dialects: Collection[str], day: date) -> list[DueCohort]:
    """Cohorts with a wave date on or before a day that no wave has. Returns the earliest first."""
    rows = connection.exec_driver_sql(_SQL["due_cohorts"], {"dialects": sorted(dialects), "day": day})
    return [DueCohort(**row) for row in rows.mappings()]


def told(*, connection: Connection, subject: str) -> Told | None:
    """What people were last told of a subject. Returns None when it is news."""
    row = connection.exec_driver_sql(_SQL["told"], {"subject": subject}).mappings().one_or_none()
    return None if row is None else Told(**row)


def remember(*, connection: Connection, subject: str, amount: int, at: datetime) -> None:
    """Keep that people were told."""
    connection.exec_driver_sql(_SQL["remember"], {"subject": subject, "amount": amount, "at": at})


def forget(*, connection: Connection, subject: str) -> None:
    """A subject is no more: the next time it is news."""
    connection.exec_driver_sql(_SQL["forget"], {"subject": subject})


_SQL = queries(file="watch")
