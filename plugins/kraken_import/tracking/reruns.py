"""Reruns in the tracking database: which records, with which settings, and how they ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg2.extras import Json
from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import SUCCEEDED, Mode, State
from kraken_import.tracking import waves
from kraken_import.tracking.gate import Cause
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import Hindrance, Wave


class RerunNotFound(Exception):
    """The tracking database has no such rerun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWave:
    """A wave that a name may refer to."""

    id: int
    name: str
    dialect: str
    mode: Mode
    target_kraken: str
    closed_at: datetime | None
    stop_code: str | None
    stop_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where records are looked for: a rerun never leaves its dialect, its Kraken and its mode."""

    dialect: str
    mode: Mode
    target_kraken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which records to rerun: each criterion that is given must hold. None: any."""

    wave_id: int | None = None
    batch: int | None = None
    states: Collection[State] | None = None
    error_code: str | None = None
    error_path: str | None = None
    identifiers: Sequence[str] | None = None
    without: Collection[str] = ()
    """Stop codes of waves whose records are left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRerun:
    """The values that a rerun begins with. `told` is the selection for people, without personal data."""

    scope: Scope
    told: Mapping[str, Any]
    requested_by: str | None
    requests_in_flight: int | None
    failure_threshold: Decimal
    dag_id: str
    run_id: str
    cleared: int | None = None
    """How often Airflow's run had been cleared; None when Airflow does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A rerun. `in_kraken` counts the selected records that were left out for being in Kraken."""

    id: int
    dialect: str
    mode: Mode
    requested_by: str | None
    selection: Mapping[str, Any]
    records: int
    in_kraken: int
    requests_in_flight: int | None
    failure_threshold: Decimal
    run_id: str
    opened_at: datetime
    stopped_at: datetime | None
    stop_code: str | None
    stop_reason: str | None
    outcome: str | None
    outcome_reason: str | None
    approved_at: datetime | None
    target_kraken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How many records of a rerun were in one state when selected and are in another now."""

    from_state: State
    state: State
    records: int


def waves_named(*, connection: Connection, name: str) -> list[NamedWave]:
    """Return the wave with this id, or else every wave of this name, in any dialect, mode and Kraken."""
    wave_id = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else None
    rows = connection.exec_driver_sql(_SQL["waves_named"], {"id": wave_id, "name": name}).mappings()
    found = [NamedWave(**{**row, "mode": Mode(row["mode"])}) for row in rows]
    return [wave for wave in found if wave.id == wave_id] or found


def unknown_identifiers(*, connection: Connection, scope: Scope, identifiers: Sequence[str]) -> list[str]:
    """Return those of these customers that are in no wave of this scope."""
    rows = connection.exec_driver_sql(
        _SQL["unknown_identifiers"], {"identifiers": list(identifiers), **_scope(scope)}
    )
    return list(rows.scalars())


def add_rerun(*, connection: Connection, rerun: NewRerun, at: datetime) -> int:
    """Insert a rerun without records. Returns its id."""
    return int(
        connection.exec_driver_sql(
            _SQL["insert_rerun"],
            {
                **_scope(rerun.scope),
                "requested_by": rerun.requested_by,
                "selection": Json(dict(rerun.told)),
                "requests_in_flight": rerun.requests_in_flight,
                "failure_threshold": rerun.failure_threshold,
                "dag_id": rerun.dag_id,
                "run_id": rerun.run_id,
                "cleared": rerun.cleared,
                "at": at,
            },
        ).scalar_one()
    )


def select_items(
    *, connection: Connection, rerun: int, scope: Scope, selection: Selection
) -> tuple[int, int]:
    """Select the records of a rerun. Returns their number, and how many were left out for being in Kraken."""
    row = connection.exec_driver_sql(
        _SQL["select_items"],
        {
            "rerun_id": rerun,
            **_scope(scope),
            "wave_id": selection.wave_id,
            "batch": selection.batch,
            "states": None if selection.states is None else sorted(selection.states),
            "identifiers": None if selection.identifiers is None else list(selection.identifiers),
            "error_code": selection.error_code,
            "error_path": selection.error_path,
            "succeeded": sorted(SUCCEEDED),
            "without": list(selection.without),
        },
    ).one()
    return int(row.records), int(row.in_kraken)


def reopen(*, connection: Connection, rerun: int, at: datetime, cleared: int | None = None) -> None:
    """Let a stopped or finished rerun go on with its records, because its Airflow run was cleared.

    `cleared` counts how often that run was cleared: when it is known and has not grown, a task was merely
    retried, and nothing changes.
    """
    connection.exec_driver_sql(_SQL["reopen"], {"rerun_id": rerun, "at": at, "cleared": cleared})


def rerun_of_run(*, connection: Connection, dag_id: str, run_id: str) -> int | None:
    """Return the rerun that an Airflow run has begun, or None."""
    found = connection.exec_driver_sql(_SQL["find_run"], {"dag_id": dag_id, "run_id": run_id}).scalar()
    return None if found is None else int(found)


def load_rerun(*, connection: Connection, rerun: int) -> Rerun:
    """Return one rerun. Raises `RerunNotFound`."""
    row = connection.exec_driver_sql(_SQL["load_rerun"], {"rerun_id": rerun}).mappings().one_or_none()
    if row is None:
        raise RerunNotFound(f"The tracking database has no rerun {rerun}.")
    return Rerun(**{**row, "mode": Mode(row["mode"])})


def load_wave(*, connection: Connection, ref: WaveRef) -> Wave:
    """Return a wave as a task sees it: with the settings of the rerun that the task belongs to, if any.

    Its stop is the one that keeps that task from creating. A wave stopped before the rerun was asked for does
    not hold it up, unless a person cancelled or rejected it; a wave that is stopped later does.
    """
    wave = waves.load_wave(connection=connection, wave_id=ref.wave_id)
    found = waves.hindrance(connection=connection, ref=ref)
    wave = replace(
        wave,
        stopped_at=None if found is None else found.stopped_at,
        stop_code=None if found is None else found.stop_code,
        stop_reason=None if found is None else found.stop_reason,
    )
    if ref.rerun is None:
        return wave
    given = load_rerun(connection=connection, rerun=ref.rerun)
    return replace(
        wave,
        rerun=ref.rerun,
        run_id=given.run_id,
        # An error budget belongs to the rerun, and begins with it.
        reopened_at=given.opened_at,
        approved_at=given.approved_at,
        requests_in_flight=given.requests_in_flight,
        failure_threshold=given.failure_threshold,
    )


def hindrances(*, connection: Connection, rerun: int) -> dict[int, Hindrance | None]:
    """Return what keeps a rerun from creating, for each of its waves with records left; None: nothing."""
    rows = connection.exec_driver_sql(_SQL["hindrances"], {"rerun_id": rerun, "succeeded": sorted(SUCCEEDED)})
    return {
        int(row.wave_id): None
        if row.stopped_at is None
        else Hindrance(stopped_at=row.stopped_at, stop_code=row.stop_code, stop_reason=row.stop_reason)
        for row in rows
    }


def batches(*, connection: Connection, rerun: int) -> tuple[tuple[int, int], ...]:
    """Return (wave, batch) of every batch that a rerun has a record in, ascending."""
    rows = connection.exec_driver_sql(_SQL["batches"], {"rerun_id": rerun})
    return tuple((int(row.wave_id), int(row.batch)) for row in rows)


def batches_in_state(
    *, connection: Connection, rerun: int, states: Collection[State]
) -> tuple[tuple[int, int], ...]:
    """Return (wave, batch) in which a record of the rerun is in one of these states, ascending."""
    rows = connection.exec_driver_sql(_SQL["batches_in_state"], {"rerun_id": rerun, "states": sorted(states)})
    return tuple((int(row.wave_id), int(row.batch)) for row in rows)


def items_of_wave(*, connection: Connection, rerun: int, wave_id: int) -> frozenset[int]:
    """Return the import processes of a rerun in one wave."""
    rows = connection.exec_driver_sql(_SQL["items_of_wave"], {"rerun_id": rerun, "wave_id": wave_id})
    return frozenset(int(process_id) for process_id in rows.scalars())


def ways(*, connection: Connection, rerun: int) -> list[Way]:
    """Return the states that the records of a rerun had and have now."""
    return _ways(connection=connection, values={"rerun_id": rerun, "wave_id": None, "batch": None})


def ways_in_batch(*, connection: Connection, ref: BatchRef) -> list[Way]:
    """Return the same for one batch of it."""
    return _ways(connection=connection, values=ref.values)


def _ways(*, connection: Connection, values: Mapping[str, int | None]) -> list[Way]:
    return [
        Way(from_state=State(row.from_state), state=State(row.state), records=int(row.records))
        for row in connection.exec_driver_sql(_SQL["ways"], values)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingWave:
    """A wave whose records a rerun may not create before a person has approved them."""

    id: int
    name: str
    approval_minutes: Decimal
    four_eyes: bool


def asking_waves(*, connection: Connection, rerun: int) -> list[AskingWave]:
    """Return the waves of a rerun whose valid records need approval and may be created; ascending by id."""
    rows = connection.exec_driver_sql(_SQL["asking_waves"], {"rerun_id": rerun}).mappings()
    return [AskingWave(**row) for row in rows]


def requires_four_eyes(*, connection: Connection, rerun: int) -> bool:
    """Return whether one of its waves bars the user who asked for the rerun from approving it."""
    return bool(connection.exec_driver_sql(_SQL["requires_four_eyes"], {"rerun_id": rerun}).scalar_one())


def causes(*, connection: Connection, rerun: int, most: int) -> list[Cause]:
    """Return why records of a rerun were refused before their create or parked, the most frequent first."""
    rows = connection.exec_driver_sql(_SQL["causes"], {"rerun_id": rerun, "most": most})
    return [
        Cause(state=State(row.state), code=row.code or "", path=row.path, records=int(row.records))
        for row in rows
    ]


def valid_cents(*, connection: Connection, rerun: int, ledger: str, currency: str) -> Decimal:
    """Sum the balances in the valid payloads of a rerun; every ledger when `ledger` is empty."""
    found: Decimal = connection.exec_driver_sql(
        _SQL["valid_cents"], {"rerun_id": rerun, "ledger": ledger, "currency": currency}
    ).scalar_one()
    return found


def lock(*, connection: Connection, rerun: int) -> None:
    """Lock the rerun: orders wait until the transaction ends."""
    connection.exec_driver_sql(_SQL["lock"], {"rerun_id": rerun})


def stop_rerun(*, engine: Engine, rerun: int, code: str, reason: str, at: datetime) -> None:
    """Forbid further creates in this rerun. Its waves are not changed."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            _SQL["stop"], {"rerun_id": rerun, "code": code, "reason": reason, "at": at}
        )


def finish(*, connection: Connection, rerun: int, failure: str | None, at: datetime) -> None:
    """Record how a rerun ended; `failure` is one sentence, or None for success."""
    connection.exec_driver_sql(
        _SQL["finish"],
        {
            "rerun_id": rerun,
            "outcome": "succeeded" if failure is None else "failed",
            "reason": failure,
            "at": at,
        },
    )


def _scope(scope: Scope) -> dict[str, str]:
    return {"dialect": scope.dialect, "mode": scope.mode.value, "target_kraken": scope.target_kraken}


_SQL = queries(file="reruns")
