"""Records which customers the legacy system was told to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import FAILED, REBUILDABLE
from kraken_import.tracking.queries import queries


def mark(*, connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Record that these import processes are being held from now on."""
    _SQL.run(connection, "mark", ids=list(ids), at=at)


def keep(*, connection: Connection, dialect: str, wave_id: int | None, at: datetime) -> int:
    """Record who was migrated and stays held, in one wave or all. Returns the number of holds changed."""
    values = {"dialect": dialect, "wave_id": wave_id, "at": at}
    return _SQL.run(connection, "keep", **values).rowcount


def to_release(*, connection: Connection, dialect: str, wave_id: int | None, most: int) -> Mapping[int, str]:
    """Return up to `most` needless holds (import process to external identifier), locked until commit."""
    rows = _SQL.run(
        connection,
        "to_release",
        dialect=dialect,
        wave_id=wave_id,
        failed=sorted(FAILED),
        rebuildable=sorted(REBUILDABLE),
        most=most,
    )
    return {int(row.id): str(row.external_identifier) for row in rows}


def released(*, connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Record that these customers are no longer held."""
    _SQL.run(connection, "released", ids=list(ids), at=at)


_SQL = queries(file="holds")
