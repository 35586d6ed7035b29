"""Outages of a Kraken in the tracking database: begun once for all its waves, tried by one task at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row

from kraken_import.tracking.queries import queries

_FORGOTTEN_AFTER: Final = timedelta(minutes=5)
"""An outage that was not tried for this long belongs to a past night, and no task waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A period in which a Kraken gives no usable answer. Times are the tracking database's."""

    id: int
    target_kraken: str
    is_silent: bool
    """Whether it answers nothing at all; otherwise it still answers questions about the status."""
    began_at: datetime
    next_try_at: datetime
    gives_up_at: datetime
    tries: int
    seen_at: datetime
    ended_at: datetime | None = None
    failed_anew: bool = False
    """Whether the next outage ended it, and not an answer; only known for outages read by wave."""

    @property
    def is_given_up(self) -> bool:
        """Whether the patience with it is over."""
        return self.gives_up_at <= self.seen_at

    @property
    def was_given_up(self) -> bool:
        """Whether it ended because the patience with it was over, and not because Kraken answered."""
        return self.is_given_up if self.ended_at is None else self.ended_at >= self.gives_up_at

    @property
    def is_under_way(self) -> bool:
        """Whether tasks wait for its end: it was neither given up nor left untried for minutes."""
        return (
            self.ended_at is None
            and not self.is_given_up
            and self.seen_at - self.next_try_at < _FORGOTTEN_AFTER
        )

    @property
    def seconds_to_next_try(self) -> float:
        """Seconds until it is tried again, 0 when that is due."""
        return max(0.0, (self.next_try_at - self.seen_at).total_seconds())


def current(*, engine: Engine, target_kraken: str) -> Outage | None:
    """Return the current outage of this Kraken; None when there is none."""
    with engine.connect() as connection:
        row = _SQL.run(connection, "current", target_kraken=target_kraken).one_or_none()
    return None if row is None else _outage(row=row)


def last_of_connection(*, connection: Connection, connection_id: str) -> list[Outage]:
    """Return the last outage of each Kraken to which waves of an Airflow Connection went."""
    rows = _SQL.run(connection, "last_of_connection", connection_id=connection_id)
    return [_outage(row=row) for row in rows]


def of_wave(*, connection: Connection, wave_id: int, most: int) -> list[Outage]:
    """Return the first outages of a wave's Kraken while its run lasted."""
    rows = _SQL.run(connection, "of_wave", wave_id=wave_id, most=most)
    return [_outage(row=row) for row in rows]


def meet(*, engine: Engine, target_kraken: str, is_silent: bool, patience: timedelta) -> Outage:
    """Begin an outage, or put off the next try of the current one. Returns it."""
    values = {
        "target_kraken": target_kraken,
        "is_silent": is_silent,
        "patience": patience,
        "forgotten_after": _FORGOTTEN_AFTER,
    }
    with engine.begin() as connection:
        return _outage(row=_SQL.run(connection, "meet", **values).one())


def claim_try(*, engine: Engine, target_kraken: str) -> bool:
    """Return whether the caller is the one that tries now."""
    with engine.begin() as connection:
        found = _SQL.run(connection, "claim_try", target_kraken=target_kraken)
        return found.one_or_none() is not None


def finish(*, engine: Engine, target_kraken: str) -> None:
    """Record that this Kraken answers again."""
    with engine.begin() as connection:
        _SQL.run(connection, "finish", target_kraken=target_kraken)


def _outage(*, row: Row[Any]) -> Outage:
    return Outage(**row._mapping)


_SQL = queries(file="outages")
