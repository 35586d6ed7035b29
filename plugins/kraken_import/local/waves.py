"""Waves as the demo sees them: started through Airflow's API, followed in the tracking database."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from kraken_import.cli.airflow_api import Airflow
from kraken_import.domain.lifecycle import AWAITING, ENDED_AT_KRAKEN, FAILED, SETTLED, SUCCEEDED, State
from kraken_import.local.problems import StackProblem
from kraken_import.tracking import board, outages
from kraken_import.tracking.outages import Outage

_DAG_SECONDS = 90.0
_POLL_SECONDS = 0.5
_LOOKS = 20.0
"""A look at a large wave takes a while: at most one part in so many of the time is spent on looking."""
_AT_KRAKEN = AWAITING | ENDED_AT_KRAKEN
_ENDED = ("success", "failed")


class UnableToStartWave(StackProblem):
    """Airflow has no such DAG, or could not import it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedWave:
    """A DAG run that was triggered, and when."""

    dialect: str
    dag_id: str
    run_id: str
    at: datetime
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a wave is. `states` counts its records; `wave_id` is None until it has been planned.

    `last_settled_at` is known once no more will end.
    """

    wave: StartedWave
    run_state: str
    wave_id: int | None = None
    states: Mapping[State, int] = field(default_factory=dict)
    last_settled_at: datetime | None = None
    failure: str | None = None
    parked_from: Mapping[State, int] = field(default_factory=dict)
    """Parked records by the state in which they were parked."""
    outage: Outage | None = None
    """The outage of its Kraken that the wave waits for."""

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.run_state in _ENDED

    @property
    def records(self) -> int:
        """Customers in the wave."""
        return sum(self.states.values())

    @property
    def built(self) -> int:
        """Customers whose payload was built."""
        return self.records - self.count(State.PLANNED, State.REJECTED)

    @property
    def valid(self) -> int:
        """Customers whose payload Kraken found valid."""
        return self.built - self.count(State.BUILT, State.INVALID) - self.parked_from.get(State.BUILT, 0)

    @property
    def created(self) -> int:
        """Customers whose creation Kraken accepted."""
        return self.count(*_AT_KRAKEN) + sum(self.parked_from.get(state, 0) for state in AWAITING)

    @property
    def processed(self) -> int:
        """Customers that are in Kraken, or whose dry run has succeeded."""
        return self.count(*SUCCEEDED)

    @property
    def failed(self) -> int:
        """Customers that ended in any other way."""
        return self.count(*FAILED)

    @property
    def parked(self) -> int:
        """Customers about whom no answer of Kraken's proves what became of them."""
        return self.count(State.PARKED)

    @property
    def settled(self) -> int:
        """Customers that ended."""
        return self.count(*SETTLED)

    def rate(self, *, now: datetime) -> float:
        """Return customers settled a second since the trigger, up to the last end if no more will end."""
        over = self.settled + self.parked == self.records and self.last_settled_at is not None
        end = self.last_settled_at if over and self.last_settled_at else now
        return self.settled / max((end - self.wave.at).total_seconds(), 0.001)

    def count(self, *states: State) -> int:
        """Records in any of these states."""
        return sum(self.states.get(state, 0) for state in states)


def dag_of(*, dialect: str) -> str:
    """The DAG that migrates a dialect."""
    return f"migrate_{dialect}"


def await_dags(*, api: Airflow, dialects: Sequence[str]) -> None:
    """Wait until Airflow has parsed the DAG of each dialect. Raises UnableToStartWave."""
    for dialect in dialects:
        await_dag(api=api, dag_id=dag_of(dialect=dialect))


def await_dag(*, api: Airflow, dag_id: str) -> None:
    """Wait until Airflow has parsed a DAG. Raises UnableToStartWave."""
    deadline = time.monotonic() + _DAG_SECONDS
    while not api.has_dag(dag_id=dag_id):
        if errors := api.import_errors():
            raise UnableToStartWave(f"Airflow cannot import a DAG file: {errors[0]}")
        if time.monotonic() > deadline:
            raise UnableToStartWave(f"Airflow does not find DAG {dag_id}: see .run/logs/dag-processor.log.")
        time.sleep(_POLL_SECONDS)


def start_wave(
    *, api: Airflow, dialect: str, conf: Mapping[str, Any], run_id: str, is_dry_run: bool
) -> StartedWave:
    """Trigger one wave. Whether it is live is always stated."""
    dag_id = dag_of(dialect=dialect)
    api.unpause(dag_id=dag_id)
    at = datetime.now(tz=UTC)
    started = api.trigger(dag_id=dag_id, run_id=run_id, conf={**conf, "dry_run": is_dry_run})
    return StartedWave(dialect=dialect, dag_id=dag_id, run_id=started, at=at, is_dry_run=is_dry_run)


def follow(
    *,
    api: Airflow,
    tracking: Engine,
    waves: Sequence[StartedWave],
    show: Callable[[Sequence[Progress]], None],
) -> list[Progress]:
    """Show the progress of the waves until all of their runs have ended. Returns how they ended."""
    while True:
        began = time.monotonic()
        # The run is read first: its end is then never seen before the rows that it wrote.
        states = [api.run_state(dag_id=wave.dag_id, run_id=wave.run_id) for wave in waves]
        progress = [
            _read(tracking=tracking, wave=wave, run_state=state)
            for wave, state in zip(waves, states, strict=True)
        ]
        show(progress)
        if all(each.ended for each in progress):
            return progress
        time.sleep(max(_POLL_SECONDS, _LOOKS * (time.monotonic() - began)))


def _read(*, tracking: Engine, wave: StartedWave, run_state: str) -> Progress:
    with tracking.connect() as connection:
        planned = connection.execute(
            text(
                "SELECT id, outcome_reason, target_kraken FROM migration.wave "
                "WHERE dag_id = :dag_id AND run_id = :run_id"
            ),
            {"dag_id": wave.dag_id, "run_id": wave.run_id},
        ).one_or_none()
        if planned is None:
            return Progress(wave=wave, run_state=run_state)
        wave_id, failure, target_kraken = planned
        states = board.states(connection=connection, wave_ids=[wave_id])[wave_id]
        parked = _parked(connection, wave_id=wave_id) if State.PARKED in states else {}
        is_over = states.keys() <= SETTLED | {State.PARKED}
        last = _last_settled_at(connection, wave_id=wave_id) if is_over or run_state in _ENDED else None
    outage = outages.current(engine=tracking, target_kraken=target_kraken)
    return Progress(
        wave=wave,
        run_state=run_state,
        wave_id=wave_id,
        states=states,
        last_settled_at=last,
        failure=failure,
        parked_from=parked,
        outage=outage if outage is not None and outage.is_under_way else None,
    )


def _parked(connection: Connection, *, wave_id: int) -> dict[State, int]:
    """Count the parked records of a wave by the state in which they were parked: they are few."""
    rows = connection.execute(
        text(
            "SELECT parked_from, count(*) FROM migration.import_process "
            "WHERE wave_id = :wave_id AND state = 'parked' GROUP BY parked_from"
        ),
        {"wave_id": wave_id},
    )
    return {State(origin): records for origin, records in rows}


def _last_settled_at(connection: Connection, *, wave_id: int) -> datetime | None:
    """Return when the last record of a wave ended. This reads all of them."""
    found: datetime | None = connection.execute(
        text("SELECT max(settled_at) FROM migration.import_process WHERE wave_id = :wave_id"),
        {"wave_id": wave_id},
    ).scalar_one()
    return found
