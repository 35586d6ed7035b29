"""Whether the tracking database was restored from a copy, and what must be proved until that is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Who said that the database was restored, when by its own clock, and why."""

    restored_at: datetime
    restored_by: str
    reason: str
    over_at: datetime | None
    """Since when only import suppliers that are not proved wait for look-ups; None while all do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """What keeps a restore in force: live waves, those not compared in full since, and open differences.

    `not_listed` counts the import suppliers of which Kraken has shown no listing since. Where the restore was
    ended before (`is_over`), all of it is about import suppliers that were not proved then.
    """

    is_over: bool
    wave_ids: list[int]
    not_compared: int
    not_listed: int
    differences: int


def in_force(*, connection: Connection, wave_id: int | None = None) -> Restored | None:
    """Return the restore that is in force for a wave, or for any; None where there is none."""
    return _SQL.one(connection, Restored, "in_force", wave_id=wave_id)


def say(*, connection: Connection, by: str, reason: str) -> None:
    """Record that the database was restored just now; what was said before is over with it."""
    _SQL.run(connection, "say", by=by, reason=reason)


def unproved(*, connection: Connection) -> Unproved | None:
    """Return what is not proved since the last restore, which no other follows meanwhile."""
    return _SQL.one(connection, Unproved, "unproved")


def end(*, connection: Connection, wave_ids: Sequence[int], by: str, unlisted: str | None) -> None:
    """Let creates of these waves' import suppliers go on without a look-up."""
    _SQL.run(connection, "end", wave_ids=list(wave_ids), by=by, unlisted=unlisted)


_SQL = queries(file="restored")
