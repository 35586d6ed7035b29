"""One round: a live wave through Airflow, a kill in the middle of it, and the comparison after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psutil
import requests
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from kraken_import.domain.lifecycle import State
from kraken_import.local import data, outcome, waves
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running
from kraken_import.local.waves import StartedWave
from proofs import books
from proofs.chaos import kills
from proofs.chaos.host import Host
from proofs.chaos.kills import Kill, RunningTask
from proofs.chaos.plan import Moment, PlannedRound, Victim
from proofs.chaos.verdict import judge
from proofs.comparing import Comparison

DIALECT: Final = "edf_accounts"
BATCHES: Final = 3
FAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    # As a Kraken far away answers, so that a kill meets creates under way.
    {"kind": "slow", "operation": "create", "seconds": 0.2},
    # Five in a hundred requests of each kind fail; creates in ways that leave open whether they took effect.
    {"kind": "error", "operation": "validate", "probability": 0.05, "status": 503, "seed": 1},
    {"kind": "drop_after", "operation": "create", "probability": 0.025, "seed": 2},
    {"kind": "error_after", "operation": "create", "probability": 0.025, "seed": 3},
    {"kind": "drop_before", "operation": "status", "probability": 0.05, "seed": 4},
)
_IN_FLIGHT: Final = 8
_LOOK_SECONDS: Final = 0.05
_LOOKS_AT_RUN: Final = 20
_WAIT_SECONDS: Final = 0.25
_GIVE_UP_SECONDS: Final = 600.0
_HTTP_SECONDS: Final = 10.0


class RoundStuck(StackProblem):
    """A wave does not end, or its stand-in does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of a round. Times are seconds: `restart` from the kill, `back` and `ended` from the restart.

    What Airflow brings back by itself counts as restarted when it was killed, and has no `restart`.
    """

    planned: PlannedRound
    run_id: str
    run_state: str
    failure: str | None
    wave_seconds: float
    comparison: Comparison
    kill: Kill | None = None
    restarted: tuple[str, ...] = ()
    restart: float | None = None
    back: float | None = None
    ended: float | None = None
    within: float
    """How many seconds after the restart a wave must have ended, the work that was left included."""

    @property
    def is_late(self) -> bool:
        """Whether the wave took longer to its end than it may."""
        return self.ended is not None and self.ended > self.within

    @property
    def faults(self) -> list[str]:
        """What is not as it must be; empty for a good round."""
        said = [each.rstrip(".") for each in self.comparison.faults]
        if self.run_state != "success":
            said.append(f"its run ended {self.run_state}: {self.failure or 'see its tasks'}")
        if self.is_late:
            said.append(f"it ended {self.ended:.1f} s after the restart, not within {self.within:.0f}")
        if self.planned.victim is not Victim.NOTHING and self.kill is None:
            said.append(f"the wave ended before {self.planned.victim} could be killed")
        return said


@dataclass(slots=True, kw_only=True)
class Ground:
    """The stack that rounds are run on."""

    running: Running
    host: Host
    tracking: Engine
    legacy: Engine
    airflow: Engine
    accounts: int
    within: float
    _http: requests.Session = field(default_factory=requests.Session)

    @property
    def kraken_url(self) -> str:
        """The address of the stand-in."""
        return self.running.systems.kraken_url

    def set_faults(self) -> None:
        """Have the stand-in answer with faults, and with no others than these."""
        self._http.trust_env = False
        address = f"{self.kraken_url}/simulator/faults"
        self._http.delete(address, timeout=_HTTP_SECONDS).raise_for_status()
        for fault in FAULTS:
            self._http.post(address, json=fault, timeout=_HTTP_SECONDS).raise_for_status()

    def creates(self) -> int:
        """Return how many live creates the stand-in has ever accepted."""
        answer = self._http.get(f"{self.kraken_url}/simulator/ledger?summary=1", timeout=_HTTP_SECONDS)
        return int(answer.json()["live_creates"])


@contextmanager
def open_ground(*, running: Running, host: Host, accounts: int, within: float) -> Iterator[Ground]:
    """The ground of rounds with waves of so many customers, to end `within` so many seconds of a restart."""
    with (
        data.engine_of(dsn=running.systems.tracking_dsn) as tracking,
        data.engine_of(dsn=running.systems.legacy_owner_dsn) as legacy,
        data.engine_of(dsn=host.cluster.dsn(database="airflow")) as airflow,
    ):
        yield Ground(
            running=running,
            host=host,
            tracking=tracking,
            legacy=legacy,
            airflow=airflow,
            accounts=accounts,
            within=within,
        )


def play(*, ground: Ground, planned: PlannedRound) -> Round:
    """Run one wave, kill in the middle of it, wait for its end, and compare."""
    ground.set_faults()
    before = books.created(kraken_url=ground.kraken_url)
    wave = _start(ground=ground, planned=planned)
    kill = None
    if planned.victim is not Victim.NOTHING:
        kill = _kill(ground=ground, planned=planned, wave=wave, creates_before=ground.creates())
    restart, back = (None, None) if kill is None else _recover(ground=ground, wave=wave, kill=kill)
    state, began, ended_at = _await_end(ground=ground, wave=wave)
    wave_id, claimed, failure = _planned(ground=ground, wave=wave)
    comparison = judge(
        tracked=books.tracked(tracking=ground.tracking, wave_id=wave_id),
        ledger=books.ledger(kraken_url=ground.kraken_url),
        before=before,
        claimed=claimed,
        unexpected=outcome.differences(
            legacy=ground.legacy,
            found=outcome.ends(tracking=ground.tracking, wave_ids=[wave_id]),
            is_dry_run=False,
        ),
    )
    return Round(
        planned=planned,
        run_id=wave.run_id,
        run_state=state,
        failure=failure,
        wave_seconds=ended_at - began,
        comparison=comparison,
        kill=kill,
        restarted=tuple(each.name for each in ground.host.restarts if kill and each.at > kill.at),
        restart=restart - kill.at if kill and restart and kill.part else None,
        back=back,
        ended=None if restart is None else ended_at - restart,
        within=ground.within,
    )


def _start(*, ground: Ground, planned: PlannedRound) -> StartedWave:
    api = ground.running.airflow()
    try:
        return waves.start_wave(
            api=api,
            dialect=DIALECT,
            conf={
                "limit": ground.accounts,
                "batch_size": -(-ground.accounts // BATCHES),
                "requests_in_flight": _IN_FLIGHT,
                "threshold": 1,
            },
            run_id=f"chaos-{time.time():.0f}-{planned.number}-{planned.victim}",
            is_dry_run=False,
        )
    finally:
        api.close()


def _kill(*, ground: Ground, planned: PlannedRound, wave: StartedWave, creates_before: int) -> Kill | None:
    """Wait for the moment, and kill. Returns None when the wave has ended before."""
    if not _await(
        ground=ground, wave=wave, condition=lambda: _has_come(ground, planned.moment, wave, creates_before)
    ):
        return None
    if planned.victim in kills.COMPONENTS:
        return kills.kill_part(host=ground.host, victim=planned.victim)
    killed: Kill | None = _await(
        ground=ground, wave=wave, condition=lambda: _kill_task(ground, planned, wave)
    )
    return killed


def _kill_task(ground: Ground, planned: PlannedRound, wave: StartedWave) -> Kill | None:
    """Kill one of the run's tasks. Returns None when none works now, or the chosen one has just ended."""
    tasks = _tasks(ground, wave)
    if not tasks:
        return None
    with suppress(psutil.NoSuchProcess):
        return kills.kill_task(victim=planned.victim, tasks=tasks, choice=planned.choice)
    return None


def _has_come(ground: Ground, moment: Moment, wave: StartedWave, creates_before: int) -> bool:
    if moment.is_create:
        return ground.creates() - creates_before >= moment.customers
    query = text(
        "SELECT count(*) FROM migration.import_process JOIN migration.wave ON wave.id = wave_id "
        "WHERE run_id = :run_id AND state <> ALL (:before)"
    )
    values = {"run_id": wave.run_id, "before": [State.PLANNED, State.BUILT, State.REJECTED]}
    with ground.tracking.connect() as connection:
        return int(connection.execute(query, values).scalar_one()) >= moment.customers


def _tasks(ground: Ground, wave: StartedWave) -> list[RunningTask]:
    """The tasks of the run that work now; those that create alone, if there are any."""
    scheduler = ground.host.component(name="scheduler").pid
    found = kills.running_tasks(airflow=ground.airflow, run_id=wave.run_id, scheduler=scheduler)
    return [each for each in found if each.task_id.endswith(".create")] or found


def _await(*, ground: Ground, wave: StartedWave, condition: Callable[[], Any]) -> Any:
    """Return what the condition finds; None when the run ends without it."""
    looks = 0
    while not (found := condition()):
        looks += 1
        # Each look at the run is a connection to Airflow's database.
        if looks % _LOOKS_AT_RUN == 0 and _run(ground=ground, wave=wave)[2] is not None:
            return None
        ground.host.check()
        time.sleep(_LOOK_SECONDS)
    return found


def _recover(*, ground: Ground, wave: StartedWave, kill: Kill) -> tuple[float, float]:
    """Return when the killed part was started again, and how many seconds later it worked."""
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    restart = kill.at
    while kill.part is not None:
        found = ground.host.restarted(name=kill.part, since=kill.at)
        if found is not None:
            restart = found
            break
        _pause(ground=ground, deadline=deadline, what=f"{kill} is not started again")
    while not kills.works_again(
        kill=kill, since=restart, running=ground.running, airflow=ground.airflow, run_id=wave.run_id
    ):
        _pause(ground=ground, deadline=deadline, what=f"{kill} does not work again")
    back = time.time() - restart
    if kill.victim is Victim.STAND_IN:
        # It has remembered what it accepted, but not its faults.
        ground.set_faults()
    return restart, back


def _await_end(*, ground: Ground, wave: StartedWave) -> tuple[str, float, float]:
    """In which state a run ended, and when it began and ended, in seconds since the epoch."""
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while True:
        with suppress(DBAPIError):
            state, began, ended = _run(ground=ground, wave=wave)
            if ended is not None:
                return state, began, ended
        _pause(ground=ground, deadline=deadline, what=f"run {wave.run_id} does not end")


def _pause(*, ground: Ground, deadline: float, what: str) -> None:
    ground.host.check()
    if time.monotonic() > deadline:
        raise RoundStuck(
            f"After {_GIVE_UP_SECONDS:.0f} s {what}: see .run/logs, and the logs of the run's tasks below "
            ".run/airflow/logs."
        )
    time.sleep(_WAIT_SECONDS)


def _run(*, ground: Ground, wave: StartedWave) -> tuple[str, float, float | None]:
    query = text("SELECT state, queued_at, end_date FROM dag_run WHERE dag_id = :dag_id AND run_id = :run_id")
    with ground.airflow.connect() as connection:
        row = connection.execute(query, {"dag_id": wave.dag_id, "run_id": wave.run_id}).one()
    ended: datetime | None = row.end_date
    return str(row.state), row.queued_at.timestamp(), None if ended is None else ended.timestamp()


def _planned(*, ground: Ground, wave: StartedWave) -> tuple[int, int, str | None]:
    """The id of the wave, how many customers it has claimed, and why it failed."""
    query = text("SELECT id, claimed, outcome_reason FROM migration.wave WHERE run_id = :run_id")
    with ground.tracking.connect() as connection:
        row = connection.execute(query, {"run_id": wave.run_id}).one_or_none()
    if row is None:
        raise RoundStuck(f"Run {wave.run_id} has planned no wave: see the log of its task plan in Airflow.")
    return int(row.id), int(row.claimed), row.outcome_reason
