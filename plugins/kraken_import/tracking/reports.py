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
class Ordered:
    """An order of a person about one wave."""

    action: str
    ordered_by: str
    reason: str | None
    ordered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
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
class Parked:
    """Records that are parked for one cause."""

    code: str
    detail: str
    customers: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How the first, second … tries of records ended."""

    attempt: int
    outcome: str
    records: int
    first_started: datetime
    last_settled: datetime | None


def header(*, connection: Connection, wave_id: int) -> Header:
    """Return the wave itself."""
    return Header(**connection.exec_driver_sql(_SQL["wave"], {"wave_id": wave_id}).mappings().one())


def orders(*, connection: Connection, wave_id: int) -> list[Ordered]:
    """Return what people ordered of a wave, the latest first."""
    rows = connection.exec_driver_sql(_SQL["orders"], {"wave_id": wave_id})
    return [Ordered(**row) for row in rows.mappings()]


def working_seconds(*, connection: Connection, wave_id: int) -> float:
    """Return for how long records were created or ended, in seconds; 0 before the first was."""
    found = connection.exec_driver_sql(_SQL["working_seconds"], {"wave_id": wave_id}).scalar()
    return 0.0 if found is None else float(found)


def span(*, connection: Connection, wave_id: int) -> tuple[datetime, datetime] | None:
    """Return when the first and last transition of a wave were recorded; None if its events are archived."""
    row = connection.exec_driver_sql(_SQL["span"], {"wave_id": wave_id}).one()
    return None if row.first is None else (row.first, row.last)


def timeline(
    *, connection: Connection, wave_id: int, origin: datetime, seconds: int, states: Collection[State]
) -> list[tuple[datetime, State, int]]:
    """Return (begin of the slice, state, records that entered it), ascending; empty slices are left out."""
    rows = connection.exec_driver_sql(
        _SQL["timeline"],
        {
            "wave_id": wave_id,
            "origin": origin,
            "seconds": seconds,
            "states": sorted(state.value for state in states),
        },
    )
    return [(row.slice, State(row.to_state), int(row.records)) for row in rows]


def causes(*, connection: Connection, wave_id: int) -> list[Found]:
    """Return errors before warnings, the most frequent first."""
    rows = connection.exec_driver_sql(
        _SQL["causes"],
        {
            "wave_id": wave_id,
            "told_apart": list(TOLD_APART),
            "most_codes": MOST_CODES,
            "further": FURTHER,
        },
    ).mappings()
    return [Found(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def parked(*, connection: Connection, wave_id: int) -> list[Parked]:
    """Return the parked records of a wave by cause, the most frequent first."""
    rows = connection.exec_driver_sql(_SQL["parked"], {"wave_id": wave_id}).mappings()
    return [Parked(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def attempts(*, connection: Connection, wave_id: int) -> list[Tries]:
    """Return the tries by number and end."""
    rows = connection.exec_driver_sql(_SQL["attempts"], {"wave_id": wave_id}).mappings()
    return [Tries(**row) for row in rows]


_SQL = queries(file="reports")
