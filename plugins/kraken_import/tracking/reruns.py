"""Reruns in the tracking database: which records, with which settings, and how they ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg2.extras import Json
from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import SUCCEEDED, Mode, State
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import waves
from kraken_import.tracking.gate import Cause, cause_of
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import Hindrance, Wave
from transforms.versions import BuildVersion


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
    chosen: int | None = None
    """Number of a selection that was made before."""
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
    package_version: str | None = None
    mapping_digest: str | None = None
    """What builds its payloads: the package, and the dialect's mapping."""


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
    package_version: str | None
    mapping_digest: str | None

    @property
    def built_by(self) -> BuildVersion:
        """What built its payloads."""
        return BuildVersion(package=self.package_version, mapping=self.mapping_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How many records of a rerun were in one state when selected and are in another now."""

    from_state: State
    state: State
    records: int


def waves_named(*, connection: Connection, name: str) -> list[NamedWave]:
    """Return the wave with this id, or else every wave of this name, in any dialect, mode and Kraken."""
    wave_id = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else None
    rows = _SQL.run(connection, "waves_named", id=wave_id, name=name).mappings()
    found = [NamedWave(**{**row, "mode": Mode(row["mode"])}) for row in rows]
    return [wave for wave in found if wave.id == wave_id] or found


def unknown_identifiers(*, connection: Connection, scope: Scope, identifiers: Sequence[str]) -> list[str]:
    """Return those of these customers that are in no wave of this scope."""
    rows = _SQL.run(connection, "unknown_identifiers", identifiers=list(identifiers), **asdict(scope))
    return list(rows.scalars())


def add_rerun(*, connection: Connection, rerun: NewRerun, at: datetime) -> int:
    """Insert a rerun without records. Returns its id."""
    values = {**asdict(rerun), **asdict(rerun.scope), "selection": Json(dict(rerun.told)), "at": at}
    return int(_SQL.run(connection, "insert_rerun", **values).scalar_one())


def select_items(
    *, connection: Connection, rerun: int, scope: Scope, selection: Selection
) -> tuple[int, int]:
    """Select the records of a rerun. Returns their number, and how many were left out for being in Kraken."""
    row = _SQL.run(
        connection,
        "select_items",
        rerun_id=rerun,
        **asdict(scope),
        wave_id=selection.wave_id,
        batch=selection.batch,
        states=None if selection.states is None else sorted(selection.states),
        identifiers=None if selection.identifiers is None else list(selection.identifiers),
        selection_id=selection.chosen,
        error_code=selection.error_code,
        error_path=selection.error_path,
        succeeded=sorted(SUCCEEDED),
        without=list(selection.without),
    ).one()
    return int(row.records), int(row.in_kraken)


def reopen(*, connection: Connection, rerun: int, at: datetime, cleared: int | None = None) -> None:
    """Let a stopped or finished rerun go on with its records, because its Airflow run was cleared.

    `cleared` counts how often that run was cleared: when it is known and has not grown, a task was merely
    retried, and nothing changes.
    """
    _SQL.run(connection, "reopen", rerun_id=rerun, at=at, cleared=cleared)


def remap(*, connection: Connection, rerun: int, built_by: BuildVersion, at: datetime) -> None:
    """Record what builds the payloads of a rerun from now on."""
    values = {"package_version": built_by.package, "mapping_digest": built_by.mapping}
    _SQL.run(connection, "remap", rerun_id=rerun, at=at, **values)


def rerun_of_run(*, connection: Connection, dag_id: str, run_id: str) -> int | None:
    """Return the rerun that an Airflow run has begun, or None."""
    found = _SQL.run(connection, "find_run", dag_id=dag_id, run_id=run_id).scalar()
    return None if found is None else int(found)


def exists(*, connection: Connection, rerun: int) -> bool:
    """Return whether there is a rerun with this number."""
    return _SQL.run(connection, "load_rerun", rerun_id=rerun).one_or_none() is not None


def load_rerun(*, connection: Connection, rerun: int) -> Rerun:
    """Return one rerun. Raises `RerunNotFound`."""
    row = _SQL.run(connection, "load_rerun", rerun_id=rerun).mappings().one_or_none()
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
        package_version=given.package_version,
        mapping_digest=given.mapping_digest,
    )


def hindrances(*, connection: Connection, rerun: int) -> dict[int, Hindrance | None]:
    """Return what keeps a rerun from creating, for each of its waves with records left; None: nothing."""
    rows = _SQL.run(connection, "hindrances", rerun_id=rerun, succeeded=sorted(SUCCEEDED))
    return {
        int(row.wave_id): None
        if row.stopped_at is None
        else Hindrance(stopped_at=row.stopped_at, stop_code=row.stop_code, stop_reason=row.stop_reason)
        for row in rows
    }


def batches(*, connection: Connection, rerun: int) -> tuple[tuple[int, int], ...]:
    """Return (wave, batch) of every batch that a rerun has a record in, ascending."""
    rows = _SQL.run(connection, "batches", rerun_id=rerun)
    return tuple((int(row.wave_id), int(row.batch)) for row in rows)


def batches_in_state(
    *, connection: Connection, rerun: int, states: Collection[State]
) -> tuple[tuple[int, int], ...]:
    """Return (wave, batch) in which a record of the rerun is in one of these states, ascending."""
    rows = _SQL.run(connection, "batches_in_state", rerun_id=rerun, states=sorted(states))
    return tuple((int(row.wave_id), int(row.batch)) for row in rows)


def items_of_wave(*, connection: Connection, rerun: int, wave_id: int) -> frozenset[int]:
    """Return the import processes of a rerun in one wave."""
    rows = _SQL.run(connection, "items_of_wave", rerun_id=rerun, wave_id=wave_id)
    return frozenset(int(process_id) for process_id in rows.scalars())


def ways(*, connection: Connection, rerun: int) -> list[Transition]:
    """Return the states that the records of a rerun had and have now."""
    return _ways(connection=connection, values={"rerun_id": rerun, "wave_id": None, "batch": None})


def ways_in_batch(*, connection: Connection, ref: BatchRef) -> list[Transition]:
    """Return the same for one batch of it."""
    return _ways(connection=connection, values=ref.values)


def _ways(*, connection: Connection, values: Mapping[str, int | None]) -> list[Transition]:
    return [
        Transition(from_state=State(row.from_state), state=State(row.state), records=int(row.records))
        for row in _SQL.run(connection, "ways", **values)
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
    return _SQL.all(connection, AskingWave, "asking_waves", rerun_id=rerun)


def requires_four_eyes(*, connection: Connection, rerun: int) -> bool:
    """Return whether one of its waves bars the user who asked for the rerun from approving it."""
    return bool(_SQL.run(connection, "requires_four_eyes", rerun_id=rerun).scalar_one())


def mapped_otherwise(*, connection: Connection, rerun: int) -> dict[int, BuildVersion]:
    """Return the waves of a rerun whose payloads another mapping has built, and which."""
    rows = _SQL.run(connection, "mapped_otherwise", rerun_id=rerun)
    return {
        int(row.id): BuildVersion(package=row.package_version, mapping=row.mapping_digest) for row in rows
    }


def causes(*, connection: Connection, rerun: int, states: Collection[State], most: int) -> list[Cause]:
    """Return why records of a rerun got into these states, the most frequent cause first."""
    rows = _SQL.run(connection, "causes", rerun_id=rerun, states=sorted(states), most=most)
    return [cause_of(row=row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A record that a rerun did not bring through, and the first error of its last try."""

    external_identifier: str
    wave_id: int
    from_state: State
    detail: str
    cause: Cause


def left(*, connection: Connection, rerun: int) -> list[Left]:
    """Return the records of a rerun that are not through, by cause."""
    rows = _SQL.run(connection, "left", rerun_id=rerun, succeeded=sorted(SUCCEEDED))
    return [
        Left(
            external_identifier=row.external_identifier,
            wave_id=int(row.wave_id),
            from_state=State(row.from_state),
            detail=row.detail,
            cause=Cause(
                state=State(row.state),
                code=row.code or "",
                path=row.path,
                is_built=row.is_built,
                on_create=row.on_create,
                records=1,
            ),
        )
        for row in rows
    ]


def valid_cents(*, connection: Connection, rerun: int, ledger: str, currency: str) -> Decimal:
    """Sum the balances in the valid payloads of a rerun; every ledger when `ledger` is empty."""
    found: Decimal = _SQL.run(
        connection, "valid_cents", rerun_id=rerun, ledger=ledger, currency=currency
    ).scalar_one()
    return found


def lock(*, connection: Connection, rerun: int) -> None:
    """Lock the rerun: orders wait until the transaction ends."""
    _SQL.run(connection, "lock", rerun_id=rerun)


def stop_rerun(*, engine: Engine, rerun: int, code: StopCode, reason: str, at: datetime) -> None:
    """Forbid further creates in this rerun. Its waves are not changed."""
    with engine.begin() as connection:
        _SQL.run(connection, "stop", rerun_id=rerun, code=code, reason=reason, at=at)


def finish(
    *, connection: Connection, rerun: int, failure: str | None, at: datetime, left: str | None = None
) -> None:
    """Record how a rerun ended: `failure` is one sentence, or None for success, and `left` what it left."""
    _SQL.run(
        connection,
        "finish",
        rerun_id=rerun,
        outcome="succeeded" if failure is None else "failed",
        reason=failure or left,
        at=at,
    )


_SQL = queries(file="reruns")
