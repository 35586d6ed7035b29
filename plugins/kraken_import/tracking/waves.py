"""Waves and their batches in the tracking database."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode, State
from kraken_import.domain.policies import Approval
from kraken_import.domain.stops import StopCode
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.vault import vault_of
from transforms.versions import BuildVersion


class WaveNotFound(Exception):
    """The tracking database has no such wave."""


class UnableToNameWave(Exception):
    """Another wave already has this name for the same dialect, Kraken and mode."""


class BatchIsBusy(Exception):
    """Another worker still works on this batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings that steer a wave. Shares lie between 0 and 1."""

    require_rehearsal: bool = False
    """Create only what a dry run has succeeded with, payload for payload."""
    approval: Approval = "unattended"
    approval_minutes: Decimal = Decimal(720)
    error_share: Decimal = Decimal("0.5")
    """Share of failures that stops the wave once the last `error_window` records of a stage prove more."""
    error_count: int | None = None
    """Number of failures among them above which it stops at once."""
    error_window: int = 200
    schedule_window_start: datetime | None = None
    schedule_window_end: datetime | None = None
    """When Kraken may process what was created; both with an offset."""
    four_eyes: bool = False
    """The user who asked for the wave may not approve it."""
    reruns_ask: bool = True
    """With `approval` required: a rerun of its records asks for approval again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Why a wave, or a rerun in it, creates nothing more until a person acts."""

    stopped_at: datetime
    stop_code: str | None
    stop_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWave:
    """The values that a wave is planned with. `failure_threshold` is a share from 0 to 1."""

    name: str
    dialect: str
    resource: str
    mode: Mode
    import_supplier: str
    target_kraken: str
    connection_id: str
    requested: int | None
    batch_size: int
    requests_in_flight: int | None
    failure_threshold: Decimal
    dag_id: str
    run_id: str
    policy: Policy = field(default_factory=Policy)
    requested_by: str | None = None
    cleared: int | None = None
    """How often Airflow's run had been cleared; None when Airflow does not say."""
    package_version: str | None = None
    mapping_digest: str | None = None
    """What builds its payloads: the package, and the dialect's mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """The run of Airflow that planned a wave."""

    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A planned wave; as the tasks of a rerun see it when `rerun` is set."""

    id: int
    name: str
    dialect: str
    resource: str
    mode: Mode
    import_supplier: str
    target_kraken: str
    connection_id: str
    claimed: int
    already_claimed: int
    requests_in_flight: int | None
    failure_threshold: Decimal
    run_id: str
    stopped_at: datetime | None
    stop_code: str | None
    stop_reason: str | None
    started_at: datetime
    finished_at: datetime | None
    reopened_at: datetime | None
    approved_at: datetime | None
    paused_at: datetime | None
    policy: Policy
    closed_at: datetime | None = None
    requested_by: str | None = None
    rerun: int | None = None
    takes_refused: bool = False
    """Whether refused records are built again too, because a backfill has opened the wave again."""
    package_version: str | None = None
    mapping_digest: str | None = None
    """What builds its payloads, or those of the rerun; None where it is not known."""

    @property
    def ref(self) -> WaveRef:
        """The wave, seen the same way."""
        return WaveRef(wave_id=self.id, rerun=self.rerun)

    @property
    def built_by(self) -> BuildVersion:
        """What built its payloads."""
        return BuildVersion(package=self.package_version, mapping=self.mapping_digest)

    @property
    def is_paused(self) -> bool:
        """Whether its creates wait for a person to resume it."""
        return self.paused_at is not None and self.stopped_at is None


def add_wave(*, connection: Connection, wave: NewWave, at: datetime) -> int:
    """Insert a wave with a key of its own. Returns its id.

    Raises `UnableToNameWave`, and `UnableToUseKeys` where the key cannot be wrapped.
    """
    wave_id = _SQL.run(
        connection, "insert_wave", **asdict(wave), **asdict(wave.policy), started_at=at
    ).scalar()
    if wave_id is None:
        raise UnableToNameWave(
            f"A {wave.mode.value} wave named {wave.name!r} exists already for {wave.dialect}: "
            "choose another name, or leave the name empty."
        )
    vault_of(connection=connection).make(connection=connection, wave_id=int(wave_id), at=at)
    return int(wave_id)


def close_planning(*, connection: Connection, wave_id: int, already_claimed: int) -> None:
    """Count the claimed customers into batches and attach the wave's partitions; the plan's last step."""
    _SQL.run(connection, "close_planning", wave_id=wave_id, already_claimed=already_claimed)
    _SQL.run(connection, "add_partitions", wave_id=wave_id)


def merge_batches(*, connection: Connection, wave_id: int, by: int) -> None:
    """Merge every `by` neighbouring batches into one, before planning is closed."""
    for statement in ("merge_batches", "enlarge_batch_size"):
        _SQL.run(connection, statement, wave_id=wave_id, by=by)


def reopen_wave(
    *,
    connection: Connection,
    wave_id: int,
    at: datetime,
    cleared: int | None = None,
    takes_refused: bool = False,
) -> None:
    """Let a stopped or finished wave go on, because its Airflow run was cleared; it needs approval again.

    `cleared` counts how often that run was cleared: when it is known and has not grown, a task was merely
    retried, and nothing changes. With `takes_refused` refused records are built again, too.
    """
    _SQL.run(connection, "reopen", wave_id=wave_id, at=at, cleared=cleared, takes_refused=takes_refused)


def remap_wave(*, connection: Connection, wave_id: int, built_by: BuildVersion, at: datetime) -> None:
    """Record what builds the payloads of a wave from now on."""
    values = {"package_version": built_by.package, "mapping_digest": built_by.mapping}
    _SQL.run(connection, "remap", wave_id=wave_id, at=at, **values)


def wave_of_run(*, connection: Connection, dag_id: str, run_id: str) -> int | None:
    """Return the wave that an Airflow run has planned, or None."""
    found = _SQL.run(connection, "find_run", dag_id=dag_id, run_id=run_id).scalar()
    return None if found is None else int(found)


def dag_of(*, connection: Connection, wave_id: int) -> str | None:
    """Return the DAG whose run planned a wave; None where there is no such wave."""
    found = _SQL.run(connection, "dag_of", wave_id=wave_id).scalar()
    return None if found is None else str(found)


def run_of(*, connection: Connection, wave_id: int) -> PlannedRun:
    """Return the run that planned a wave."""
    return PlannedRun(**_SQL.run(connection, "run_of", wave_id=wave_id).mappings().one())


def load_wave(*, connection: Connection, wave_id: int) -> Wave:
    """Return one wave. Raises `WaveNotFound`."""
    row = _SQL.run(connection, "load_wave", wave_id=wave_id).mappings().one_or_none()
    if row is None:
        raise WaveNotFound(f"The tracking database has no wave {wave_id}.")
    policy = {each.name: row[each.name] for each in fields(Policy)}
    others = {name: value for name, value in row.items() if name not in policy}
    return Wave(**{**others, "mode": Mode(row["mode"]), "policy": Policy(**policy)})


def may_create(*, engine: Engine, ref: WaveRef) -> bool:
    """Return whether intended creates may still leave: the wave, or rerun, is not stopped or paused."""
    with engine.connect() as connection:
        return bool(_SQL.run(connection, "may_create", **ref.values).scalar())


def hindrance(*, connection: Connection, ref: WaveRef) -> Hindrance | None:
    """Return what keeps the wave, or the rerun in it, from creating until a person acts; None: nothing."""
    return _SQL.one(connection, Hindrance, "hindrance", **ref.values)


def paused(*, connection: Connection, refs: Collection[WaveRef]) -> frozenset[WaveRef]:
    """Return those of these waves, or reruns in them, whose creates are paused."""
    rows = _SQL.run(
        connection, "paused", wave_ids=[ref.wave_id for ref in refs], rerun_ids=[ref.rerun for ref in refs]
    )
    return frozenset(WaveRef(wave_id=row.wave_id, rerun=row.rerun_id) for row in rows)


def batches(*, connection: Connection, wave_id: int) -> tuple[int, ...]:
    """Return the numbers of all batches of a wave, ascending."""
    rows = _SQL.run(connection, "batches", wave_id=wave_id).scalars()
    return tuple(int(batch) for batch in rows)


def batches_in_state(*, connection: Connection, wave_id: int, states: Collection[State]) -> tuple[int, ...]:
    """Return the numbers of the batches that have a record in one of these states, ascending."""
    rows = _SQL.run(connection, "batches_in_state", wave_id=wave_id, states=list(states)).scalars()
    return tuple(int(batch) for batch in rows)


def record_watermark(
    *, connection: Connection, wave_id: int, batch: int, watermark: datetime, built_at: datetime
) -> None:
    """Record the time of the snapshot that a batch was extracted from."""
    _SQL.run(
        connection, "record_watermark", wave_id=wave_id, batch=batch, watermark=watermark, built_at=built_at
    )


def stop_wave(*, engine: Engine, wave_id: int, code: StopCode, reason: str, at: datetime) -> bool:
    """Forbid further creates in this wave. Returns whether they were allowed. The first reason stays."""
    with engine.begin() as connection:
        stopped = _SQL.run(connection, "stop", wave_id=wave_id, code=code, reason=reason, at=at)
        return stopped.rowcount > 0


def finish_wave(
    *,
    connection: Connection,
    wave_id: int,
    failure: str | None,
    states: Mapping[State, int],
    at: datetime,
) -> None:
    """Record how the run of the wave ended; `failure` is one sentence, or None for success."""
    _SQL.run(
        connection,
        "finish",
        wave_id=wave_id,
        outcome="succeeded" if failure is None else "failed",
        reason=failure,
        ended_states=json.dumps({state.value: records for state, records in states.items()}),
        at=at,
    )


@contextmanager
def batch_lock(*, engine: Engine, ref: BatchRef) -> Iterator[Connection]:
    """Open a connection that alone may create for this batch. Raises `BatchIsBusy` if another has the lock.

    The caller must commit its intents on this very connection: when it breaks, the lock and the right to
    create are lost together.
    """
    with batch_locks(engine=engine, wave_id=ref.wave_id, batches=(ref.batch,)) as connection:
        yield connection


@contextmanager
def batch_locks(*, engine: Engine, wave_id: int, batches: Sequence[int]) -> Iterator[Connection]:
    """Do the same for several batches of a wave: all of them, or `BatchIsBusy`."""
    with engine.connect() as connection:
        held: list[int] = []
        try:
            for batch in batches:
                with connection.begin():
                    key = {"wave_id": wave_id, "batch": batch}
                    if not _SQL.run(connection, "lock_batch", **key).scalar():
                        raise BatchIsBusy(
                            f"Another worker still works on batch {batch} of wave {wave_id}: "
                            "it is tried again when that worker has ended."
                        )
                held.append(batch)
            yield connection
        finally:
            if held and not connection.invalidated:
                connection.rollback()
                with connection.begin():
                    for batch in held:
                        key = {"wave_id": wave_id, "batch": batch}
                        _SQL.run(connection, "unlock_batch", **key)


_SQL = queries(file="waves")
