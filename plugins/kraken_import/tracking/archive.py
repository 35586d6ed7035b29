"""Events of purged waves: finds them, copies them out of the tracking database, and deletes them there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from kraken_import.tracking.faults import tracking_copies
from kraken_import.tracking.queries import queries

_LOCK: Final = 7_204_617_156
"""Any number works as long as no other lock in this database uses it."""


class Writable(Protocol):
    """A target that bytes can be written to."""

    def write(self, data: bytes, /) -> object:
        """Take these bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file with the events of a wave, and its extent; `last_event_id` is the last event in it."""

    wave_id: int
    file: str
    sha256: bytes
    events: int
    last_event_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many events a wave has, and the id of the last."""

    events: int
    last_event_id: int


def lock(*, connection: Connection) -> bool:
    """Claim archiving until `unlock` or the session's end. Returns False when another session has it."""
    return bool(_SQL.run(connection, "lock", key=_LOCK).scalar_one())


def unlock(*, connection: Connection) -> None:
    """Let other sessions archive."""
    _SQL.run(connection, "unlock", key=_LOCK)


def to_archive(*, connection: Connection, before: datetime) -> list[tuple[int, Archive | None]]:
    """Return the waves purged before that time that have events, by id, each with its file if written."""
    rows = _SQL.run(connection, "to_archive", before=before)
    return [
        (
            row.id,
            None
            if row.file is None
            else Archive(
                wave_id=row.id,
                file=row.file,
                sha256=bytes(row.sha256),
                events=row.events,
                last_event_id=row.last_event_id,
            ),
        )
        for row in rows
    ]


def extent(*, connection: Connection, wave_id: int) -> Extent:
    """Count the events of a wave that has at least one."""
    return Extent(**_SQL.run(connection, "extent", wave_id=wave_id).mappings().one())


def export(*, connection: Connection, wave_id: int, to: Writable) -> None:
    """Write the events of a wave as CSV with a header, in UTF-8."""
    driver: Any = connection.connection.dbapi_connection
    with tracking_copies(), driver.cursor() as cursor:
        cursor.copy_expert(_SQL["export"].format(wave_id=int(wave_id)), to)


def record(*, connection: Connection, archive: Archive, archived_by: str, at: datetime) -> None:
    """Record that a file holds these events: once this is committed they may be deleted."""
    _SQL.run(connection, "record", **asdict(archive), archived_by=archived_by, at=at)


def delete_events(*, connection: Connection, archive: Archive, most: int) -> int:
    """Delete up to `most` of the events that a file holds. Returns their number.

    0 when all are gone, which is recorded with its time.
    """
    return int(_SQL.run(connection, "delete_events", wave_id=archive.wave_id, most=most).scalar_one())


_SQL = queries(file="archive")
