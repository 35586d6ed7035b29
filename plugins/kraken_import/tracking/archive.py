"""Events of purged waves: finds them, copies them out of the tracking database, and deletes them there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

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
    return bool(connection.exec_driver_sql(_SQL["lock"], {"key": _LOCK}).scalar_one())


def unlock(*, connection: Connection) -> None:
    """Let other sessions archive."""
    connection.exec_driver_sql(_SQL["unlock"], {"key": _LOCK})


def to_archive(*, connection: Connection, before: datetime) -> list[tuple[int, Archive | None]]:
    """Return the waves purged before that time that have events, by id, each with its file if written."""
    rows = connection.exec_driver_sql(_SQL["to_archive"], {"before": before})
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
    return Extent(**connection.exec_driver_sql(_SQL["extent"], {"wave_id": wave_id}).mappings().one())


def export(*, connection: Connection, wave_id: int, to: Writable) -> None:
    """Write the events of a wave as CSV with a header, in UTF-8."""
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(_SQL["export"].format(wave_id=int(wave_id)), to)


def record(*, connection: Connection, archive: Archive, archived_by: str, at: datetime) -> None:
    """Record that a file holds these events: once this is committed they may be deleted."""
    connection.exec_driver_sql(
        _SQL["record"],
        {
            "wave_id": archive.wave_id,
            "file": archive.file,
            "sha256": archive.sha256,
            "events": archive.events,
            "last_event_id": archive.last_event_id,
            "archived_by": archived_by,
            "at": at,
        },
    )


def delete_events(*, connection: Connection, archive: Archive, most: int) -> int:
    """Delete up to `most` of the events that a file holds. Returns their number: 0 when all are gone."""
    values = {"wave_id": archive.wave_id, "last_event_id": archive.last_event_id, "most": most}
    return connection.exec_driver_sql(_SQL["delete_events"], values).rowcount


def finish(*, connection: Connection, archive: Archive) -> None:
    """Record that all events of a file have been deleted here."""
    connection.exec_driver_sql(_SQL["finish"], {"wave_id": archive.wave_id})


_SQL = queries(file="archive")
