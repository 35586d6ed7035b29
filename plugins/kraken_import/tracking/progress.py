"""The counts that summaries read from the tracking database."""

from __future__ import annotations

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.queries import queries


def wave_states(*, connection: Connection, wave_id: int) -> dict[State, int]:
    """Count the records of a wave by state; states without records are left out."""
    rows = _SQL.run(connection, "states", wave_id=wave_id)
    return {State(state): int(records) for state, records in rows}


def batch_states(*, connection: Connection, wave_id: int, batch: int) -> dict[State, int]:
    """Count the records of a batch by state; states without records are left out."""
    rows = _SQL.run(connection, "batch_states", wave_id=wave_id, batch=batch)
    return {State(state): int(records) for state, records in rows}


_SQL = queries(file="progress")
