"""What our checks and Kraken refused in the newest wave of a dialect, by code and path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWave:
    """The newest wave of a dialect that has built anything."""

    id: int
    name: str
    mode: str
    started_at: datetime


def last_wave(*, connection: Connection, dialect: str) -> LastWave | None:
    """Return the newest wave of a dialect with findings; None where there is none."""
    return _SQL.one(connection, LastWave, "last_wave", dialect=dialect)


def of_wave(*, connection: Connection, wave_id: int) -> Mapping[tuple[str, str], int]:
    """Count the errors of a wave by code and path."""
    rows = _SQL.run(connection, "of_wave", wave_id=wave_id)
    return {(row.code, row.path): int(row.errors) for row in rows}


_SQL = queries(file="refusals")
