"""What the report of a wave reads from the tracking database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.queries import queries
from transforms.triage import FURTHER, MOST_CODES, TOLD_APART


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The name of a wave and how it ended."""

    name: str
    dialect: str
    mode: str
    import_supplier: str
    target_kraken: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    outcome_reason: str | None
    stop_reason: str | None
    dag_id: str
    run_id: str
    claimed: int
    decision: str | None
    """The decision on the gate's last question; None while it has not asked or waits."""
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveOrder:
    """An order of a person about one wave."""

    action: str
    ordered_by: str
    reason: str | None
    ordered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCount:
    """Errors or warnings of one kind, of the attempts that count; `unnamed` have no code of their own."""

    severity: str
    code: str
    path: str
    origin: str
    stage: str
    detail: str
    customers: int
    examples: tuple[str, ...]
    domain: str
    event: str
    unnamed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCause:
    """Records that are parked for one cause."""

    code: str
    detail: str
    customers: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TryCount:
    """How the first, second … tries of records ended."""

    attempt: int
    outcome: str
    records: int


def header(*, connection: Connection, wave_id: int) -> Header:
    """Return the wave itself."""
    return Header(**_SQL.run(connection, "wave", wave_id=wave_id).mappings().one())


def orders(*, connection: Connection, wave_id: int) -> list[WaveOrder]:
    """Return what people ordered of a wave, the latest first."""
    return _SQL.all(connection, WaveOrder, "orders", wave_id=wave_id)


def span(*, connection: Connection, wave_id: int) -> tuple[datetime, datetime] | None:
    """Return when the first and last transition of a wave were recorded; None if its events are archived."""
    row = _SQL.run(connection, "span", wave_id=wave_id).one()
    return None if row.first is None else (row.first, row.last)


def timeline(
    *, connection: Connection, wave_id: int, origin: datetime, seconds: int, states: Collection[State]
) -> list[tuple[datetime, State, int]]:
    """Return (begin of the slice, state, records that entered it), ascending; empty slices are left out."""
    rows = _SQL.run(
        connection, "timeline", wave_id=wave_id, origin=origin, seconds=seconds, states=sorted(states)
    )
    return [(row.slice, State(row.to_state), int(row.records)) for row in rows]


def causes(*, connection: Connection, wave_id: int) -> list[FindingCount]:
    """Return errors before warnings, the most frequent first."""
    rows = _SQL.run(
        connection,
        "causes",
        wave_id=wave_id,
        told_apart=list(TOLD_APART),
        most_codes=MOST_CODES,
        further=FURTHER,
    ).mappings()
    return [FindingCount(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def parked(*, connection: Connection, wave_id: int) -> list[ParkedCause]:
    """Return the parked records of a wave by cause, the most frequent first."""
    rows = _SQL.run(connection, "parked", wave_id=wave_id).mappings()
    return [ParkedCause(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def attempts(*, connection: Connection, wave_id: int) -> list[TryCount]:
    """Return the tries by number and end."""
    return _SQL.all(connection, TryCount, "attempts", wave_id=wave_id)


_SQL = queries(file="reports")
