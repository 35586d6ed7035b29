"""How many records of waves stand where, from the counts that moves keep: no record is read for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many records more stood in a state after a minute than before it; fewer where it is negative."""

    minute: datetime
    state: State
    records: int


def states(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, dict[State, int]]:
    """Count the records of these waves by state; states without records are left out."""
    found: dict[int, dict[State, int]] = {wave_id: {} for wave_id in wave_ids}
    for row in _SQL.run(connection, "states", wave_ids=list(wave_ids)):
        found[row.wave_id][State(row.state)] = int(row.records)
    return found


def batches(*, connection: Connection, wave_id: int) -> Mapping[int, Mapping[State, int]]:
    """Count the records of a wave by batch and state, in the order of the batches."""
    found: dict[int, dict[State, int]] = defaultdict(dict)
    for row in _SQL.run(connection, "batches", wave_id=wave_id):
        found[row.batch][State(row.state)] = int(row.records)
    return found


def flow(*, connection: Connection, wave_id: int, states: Collection[State]) -> list[Moved]:
    """Return how the records of a wave came to these states and left them, by minute."""
    rows = _SQL.run(connection, "flow", wave_id=wave_id, states=list(states))
    return [Moved(minute=row.minute, state=State(row.state), records=int(row.records)) for row in rows]


_SQL = queries(file="board")
