"""What is due under the setting for retention, and the statements that take it, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg2 import errors
from sqlalchemy import Connection
from sqlalchemy.exc import InternalError

from kraken_import.domain.retention import Kind
from kraken_import.tracking.purge import dropping
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWave:
    """A wave of which something is due, and the DAG below which its report lies."""

    id: int
    dag_id: str


class NotOver(Exception):
    """The wave has come to be held, or has something open again."""


def due(*, connection: Connection, kind: Kind, before: datetime) -> list[DueWave]:
    """Return the waves that ended before a time and still have something of this kind."""
    return _SQL.all(connection, DueWave, "due", kind=kind, before=before)


def is_taken(*, connection: Connection, kind: Kind, wave_id: int) -> bool:
    """Return whether retention has taken this kind of data of a wave."""
    return bool(_SQL.run(connection, "is_taken", kind=kind, wave_id=wave_id).scalar_one())


def record(*, connection: Connection, kind: Kind, wave_id: int | None, amount: int, days: int) -> None:
    """Record what was deleted."""
    _SQL.run(connection, "record", kind=kind, wave_id=wave_id, amount=amount, days=days)


def drop_answers(*, connection: Connection, wave_id: int, days: int) -> None:
    """Drop the answers of a wave, and record it.

    Raises `UnableToDrop` when their table cannot be locked soon, `NotOver`.
    """
    try:
        with dropping():
            _SQL.run(connection, "drop_answers", wave_id=wave_id, days=days)
    except InternalError as error:
        raise _meant(error=error) from None


def delete_digests(*, connection: Connection, wave_id: int, most: int) -> int:
    """Delete up to `most` digests of a wave. Returns their number."""
    return _SQL.run(connection, "delete_digests", wave_id=wave_id, most=most).rowcount


def blank_details(*, connection: Connection, wave_id: int, most: int, days: int) -> int:
    """Blank up to `most` details of errors and reasons of hand-backs each. Records and returns their number.

    Raises `NotOver`.
    """
    try:
        found = _SQL.run(connection, "blank_details", wave_id=wave_id, most=most, days=days)
        return int(found.scalar_one())
    except InternalError as error:
        raise _meant(error=error) from None


def delete_runs(*, connection: Connection, before: datetime, most: int, days: int) -> int:
    """Delete up to `most` comparisons, but for the last of each wave, and outages.

    Records and returns their number.
    """
    found = _SQL.run(connection, "delete_compared", before=before, most=most, days=days)
    return int(found.scalar_one())


def _meant(*, error: InternalError) -> Exception:
    """Return `NotOver` for what the functions of the database refuse, and anything else as it is."""
    return NotOver() if isinstance(error.orig, errors.RaiseException) else error


_SQL = queries(file="retention")
