"""What goes to each Kraken now, read without a lock: what was learnt, what is leased, and how it flows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, OPEN
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What sessions have learnt of one Kraken, and what it has asked for. Times are the database's."""

    target_kraken: str
    places: float | None
    """Requests at once that it was found to take; None while it takes what the Connections allow."""
    requests_met: bool
    requests_refused_at: datetime | None
    """When a request other than a create was last refused with 429."""
    usual_seconds: float | None
    halved_at: datetime | None
    accounts: int | None
    """Accounts accepted and not ended that it was found to take; None while it has refused none."""
    accounts_confirmed: bool
    day: date | None
    creates_of_day: int
    creates_from: datetime | None
    requests_from: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The requests at once that sessions hold together, and those that they could use."""

    sessions: int
    requests: int
    wants: int
    allowed: int | None
    per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """Records that came to Kraken in a minute, and records that it ended."""

    minute: datetime
    sent: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Requests of one operation in the last hour that took about as long."""

    operation: str
    within_ms: int
    calls: int
    refused: int
    """How many of them were answered 429."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How long the record that is due longest waits to be asked about; None without an open record."""

    looked_at: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How long the last creates took, in seconds: the median, and what 95 and 99 in a hundred stay below."""

    creates: int
    median: float
    p95: float
    p99: float


def krakens(*, connection: Connection, dialects: Sequence[str]) -> list[str]:
    """Return the Krakens to which waves of these dialects went, that of the newest wave first."""
    return list(_SQL.run(connection, "krakens", dialects=list(dialects)).scalars())


def learnt(*, connection: Connection, target_kraken: str) -> Learnt | None:
    """Return what is known of this Kraken; None if no session has used it."""
    return _SQL.one(connection, Learnt, "learnt", target_kraken=target_kraken)


def leased(*, connection: Connection, target_kraken: str) -> Leased:
    """Return what sessions hold of this Kraken together."""
    row = _SQL.run(connection, "leased", target_kraken=target_kraken).one()
    return Leased(
        sessions=int(row.sessions),
        requests=int(row.requests),
        wants=int(row.wants),
        allowed=row.allowed,
        per_second=row.per_second,
    )


def outages(*, connection: Connection, target_kraken: str, most: int) -> list[Outage]:
    """Return the last outages of this Kraken, the newest first."""
    return _SQL.all(connection, Outage, "outages", target_kraken=target_kraken, most=most)


def at_work(*, connection: Connection, target_kraken: str, most: int) -> list[int]:
    """Return the waves of any dialect that go to this Kraken now, the newest first."""
    found = _SQL.run(connection, "at_work", target_kraken=target_kraken, most=most)
    return [int(wave_id) for wave_id in found.scalars()]


def flow(*, connection: Connection, target_kraken: str) -> list[Minute]:
    """Return what came to this Kraken and what it ended in the last hour, by minute with moves."""
    rows = _SQL.run(
        connection,
        "flow",
        target_kraken=target_kraken,
        sent=sorted(OPEN | ENDED_AT_KRAKEN),
        ended=sorted(ENDED_AT_KRAKEN),
    )
    return [Minute(minute=row.minute, sent=int(row.sent or 0), ended=int(row.ended or 0)) for row in rows]


def lag(*, connection: Connection, wave_ids: Collection[int], most: int) -> Lag:
    """Return how far the asking is behind, judged by at most so many open records of each wave."""
    row = _SQL.run(connection, "lag", wave_ids=list(wave_ids), most=most).one()
    return Lag(looked_at=int(row.looked_at), seconds=None if row.seconds is None else max(0.0, row.seconds))


def taken(*, connection: Connection, wave_ids: Collection[int], most: int) -> Taken | None:
    """Return how long the last creates of an hour took, `most` of each wave; None without any."""
    row = _SQL.run(connection, "taken", wave_ids=list(wave_ids), most=most).one()
    if not row.creates:
        return None
    median, p95, p99 = row.seconds
    return Taken(creates=int(row.creates), median=median, p95=p95, p99=p99)


def requests(*, connection: Connection, target_kraken: str) -> list[Requests]:
    """Return the requests of the last hour, by operation and by how long they took."""
    return _SQL.all(connection, Requests, "requests", target_kraken=target_kraken)


_SQL = queries(file="traffic")
