"""Looks at the status endpoint: which records are due, taken by one asker at a time, and what is noted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import ASKED, AWAITING, OPEN, State
from kraken_import.tracking.processes import OpenRecord
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How many records of a batch are open, and in how many seconds one is due: 0 for now, None for never."""

    open: int
    seconds: float | None


def due(*, connection: Connection, ref: BatchRef, most: int) -> list[OpenRecord]:
    """Take at most `most` records of a batch, or of a rerun in it, that are due to be asked about.

    The longest due come first. The caller commits before it asks: for other askers they are no longer due.
    """
    return _take(connection=connection, ref=ref, most=most, rest=None)


def oldest(*, connection: Connection, ref: BatchRef, most: int, rest: timedelta) -> list[OpenRecord]:
    """Take the records of a batch that have been open for longest, except those just asked about."""
    return _take(connection=connection, ref=ref, most=most, rest=rest)


def outlook(*, connection: Connection, ref: BatchRef) -> Outlook:
    """Return what a batch, or a rerun in it, has open, and when its next record is due."""
    row = _SQL.run(connection, "outlook", **ref.values, states=sorted(AWAITING)).one()
    return Outlook(open=row.open, seconds=None if row.seconds is None else max(0.0, row.seconds))


def open_page(
    *, connection: Connection, wave_id: int, after: tuple[int, int], most: int, due_for: timedelta
) -> list[OpenRecord]:
    """Take open and parked records of a wave that have been due for that long, as `due` does.

    They come by ascending batch and id, starting after `after`.
    """
    rows = _SQL.run(
        connection,
        "open_page",
        wave_id=wave_id,
        states=sorted(ASKED),
        open=sorted(OPEN),
        after_batch=after[0],
        after_id=after[1],
        most=most,
        due_for=due_for,
    )
    return [OpenRecord.read(row=row) for row in rows]


def count_open(*, connection: Connection, wave_ids: Collection[int]) -> int:
    """Count the records of these waves that are open at Kraken, or may be."""
    values = {"wave_ids": list(wave_ids), "states": sorted(OPEN)}
    return int(_SQL.run(connection, "count_open", **values).scalar_one())


def waves_with_open_processes(
    *, connection: Connection, connection_id: str, states: Collection[State]
) -> list[int]:
    """Return the waves planned for an Airflow Connection that still have records in one of these states."""
    rows = _SQL.run(
        connection, "waves_with_open_processes", connection_id=connection_id, states=sorted(states)
    )
    return [int(wave_id) for wave_id in rows.scalars()]


def hear(*, connection: Connection, answered: Sequence[int], unanswered: Sequence[int]) -> None:
    """Record for import processes that were asked about and have not moved whether an answer is missing."""
    for name, ids in (("end_doubt", answered), ("begin_doubt", unanswered)):
        if ids:
            _SQL.run(connection, name, ids=list(ids))


def _take(*, connection: Connection, ref: BatchRef, most: int, rest: timedelta | None) -> list[OpenRecord]:
    values = {**ref.values, "states": sorted(AWAITING), "most": most, "rest": rest}
    return [OpenRecord.read(row=row) for row in _SQL.run(connection, "take", **values)]


_SQL = queries(file="looks")
