"""`make cluster`: a wave on two workers and two triggerers, of which one each is killed in the middle."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import requests
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from kraken_import.local import data, display, outcome, processes, state, waves
from kraken_import.local.__main__ import spoken
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running, up
from kraken_import.local.settings import DEFAULT_PORT_BASE, Targets, Wishes
from kraken_import.local.stopping import cluster_of, stop_everything
from kraken_import.local.waves import StartedWave
from proofs import books
from proofs.chaos.verdict import judge
from proofs.chaos.windows import quick_windows
from proofs.cluster import members, redis, work
from proofs.cluster.members import TRIGGERERS, WORKERS
from proofs.cluster.names import VARIABLE
from proofs.cluster.work import Waits, Work
from proofs.comparing import Comparison

DEFAULT_ACCOUNTS: Final = 20_000
DIALECT: Final = "edf_accounts"
BATCHES: Final = 12
BUDGET: Final = 12
"""Requests at once that this Kraken takes of all, fewer than what the batches at work would send."""
IN_FLIGHT: Final = 16
"""Requests at once of one batch."""
_SLOW: Final[Mapping[str, Any]] = {"kind": "slow", "operation": "create", "seconds": 0.2}
"""As a Kraken far away answers, so that a kill meets creates under way."""
_GIVE_UP_SECONDS: Final = 3_600.0
_LOOK_SECONDS: Final = 0.1
_HTTP_SECONDS: Final = 30.0


class ClusterFailed(StackProblem):
    """It cannot be run so, or something was lost, doubled, wrong, left open, or not shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of the wave."""

    run_state: str
    seconds: float
    killed: tuple[str, ...]
    comparison: Comparison
    work: Mapping[str, Work]
    waits: Mapping[str, int]
    most_at_once: int


def main(*, wishes: Wishes) -> None:
    """Bring the cluster up, run the wave, print what came of it, and take everything down again.

    Raises ClusterFailed, after the table, when something is not as it must be.
    """
    if wishes.targets != Targets():
        raise ClusterFailed(
            "`make cluster` kills what it works with, so it runs only on the bundled systems: leave "
            "KRAKEN_URL, KRAKEN_TOKEN, LEGACY_DSN and TRACKING_DSN out."
        )
    known = state.load()
    if known is not None and any(processes.is_alive(component=each) for each in known.components):
        raise ClusterFailed("The stack of this checkout is up: `make down` first.")
    accounts = wishes.accounts or DEFAULT_ACCOUNTS
    program = None if os.environ.get(redis.VARIABLE, "").strip() else redis.server()
    target = display.console()
    try:
        with _ground(target=target, wishes=wishes, program=program, accounts=accounts) as running:
            found = _played(running=running, accounts=accounts, say=target.print)
    finally:
        with state.locked():
            stop_everything(stack=state.load())
    target.print(table(result=found))
    target.print(summary(result=found, accounts=accounts))
    if said := faults(result=found, accounts=accounts):
        raise ClusterFailed(" ".join(f"{each[:1].upper()}{each[1:]}." for each in said))


@contextmanager
def _ground(*, target: Console, wishes: Wishes, program: str | None, accounts: int) -> Iterator[Running]:
    """Yield a stack with its broker, its workers and triggerers, and customers for the wave."""
    base = wishes.port_base or DEFAULT_PORT_BASE
    password = secrets.token_hex(20)
    broker = os.environ.get(redis.VARIABLE, "").strip() or redis.url(port=base + 3, password=password)
    settings = members.settings(broker=broker, queue=f"kraken-cluster-{base}")
    # Every component that `up` starts gets this name, and of these the triggerer alone is looked for by it.
    os.environ[VARIABLE] = TRIGGERERS[0]
    running = up(wishes=wishes, say=target.print, correct_connections=True, settings=settings)
    if program is not None:
        members.remember(component=redis.launch(program=program, base=base, port=base + 3, password=password))
    members.launch(running=running, settings=settings)
    data.top_up(systems=running.systems, dialects=[DIALECT], wanted=accounts, is_dry_run=False)
    with quick_windows(running=running, also={"requests_at_once": BUDGET}):
        yield running


def _played(*, running: Running, accounts: int, say: Callable[[str], None]) -> Result:
    """Run the wave, kill one worker and one triggerer in its middle, and compare."""
    kraken_url = running.systems.kraken_url
    before = books.created(kraken_url=kraken_url)
    _be_slow(kraken_url=kraken_url)
    began = time.monotonic()
    with (
        data.engine_of(dsn=running.systems.tracking_dsn) as tracking,
        data.engine_of(dsn=running.systems.legacy_owner_dsn) as legacy,
        data.engine_of(dsn=cluster_of(ports=running.ports).dsn(database="airflow")) as airflow,
        work.watched(airflow=airflow) as waits,
    ):
        wave = _started(running=running, accounts=accounts)
        killed = _kill_both(wave=wave, tracking=tracking, airflow=airflow, accounts=accounts, say=say)
        run_state = _await(
            what="the run does not end",
            condition=lambda: (
                (found := _run_state(airflow=airflow, wave=wave)) in ("success", "failed") and found
            ),
        )
        wave_id, claimed = _planned(tracking=tracking, wave=wave)
        comparison = judge(
            tracked=books.tracked(tracking=tracking, wave_id=wave_id),
            ledger=books.ledger(kraken_url=kraken_url),
            before=before,
            claimed=claimed,
            unexpected=outcome.differences(
                legacy=legacy,
                found=outcome.ends(tracking=tracking, wave_ids=[wave_id]),
                is_dry_run=False,
            ),
        )
        return _result(
            run_state=str(run_state),
            seconds=time.monotonic() - began,
            killed=killed,
            comparison=comparison,
            by_worker=work.by_worker(airflow=airflow, run_id=wave.run_id),
            waits=waits,
            most_at_once=work.most_at_once(kraken_url=kraken_url),
        )


def _result(*, by_worker: Mapping[str, Work], waits: Waits, **known: Any) -> Result:
    return Result(work=by_worker, waits=dict(waits.numbers), **known)


def _started(*, running: Running, accounts: int) -> StartedWave:
    api = running.airflow()
    try:
        waves.await_dags(api=api, dialects=[DIALECT])
        return waves.start_wave(
            api=api,
            dialect=DIALECT,
            conf={
                "limit": accounts,
                "batch_size": -(-accounts // BATCHES),
                "requests_in_flight": IN_FLIGHT,
                "threshold": 1,
            },
            run_id=f"cluster-{time.time():.0f}",
            is_dry_run=False,
        )
    finally:
        api.close()


def _kill_both(
    *, wave: StartedWave, tracking: Engine, airflow: Engine, accounts: int, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Kill a worker after a third of the creates, and a triggerer after half of them. Returns their names."""

    def created() -> int:
        query = text(
            "SELECT count(*) FROM migration.import_process JOIN migration.wave ON wave.id = wave_id "
            "WHERE run_id = :run_id AND created_at IS NOT NULL"
        )
        with tracking.connect() as connection:
            return int(connection.execute(query, {"run_id": wave.run_id}).scalar_one())

    def over() -> bool:
        return _run_state(airflow=airflow, wave=wave) in ("success", "failed")

    def victim(share: int, busy: Callable[[], str | None]) -> str | None:
        if over():
            raise ClusterFailed("The wave ended before its members could be killed: give it more ACCOUNTS.")
        return busy() if created() * share >= accounts else None

    killed = []
    moments: tuple[tuple[int, Callable[[], str | None]], ...] = (
        (3, partial(members.busy_worker, airflow=airflow, run_id=wave.run_id)),
        (2, partial(members.busy_triggerer, airflow=airflow)),
    )
    for share, busy in moments:
        name = str(_await(what="there is no member to kill", condition=partial(victim, share, busy)))
        members.kill(name=name)
        say(f"{name} is killed after {created():,} of {accounts:,} creates.")
        killed.append(name)
    return tuple(killed)


def _await(*, what: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise ClusterFailed(f"After {_GIVE_UP_SECONDS:.0f} s {what}: see .run/logs.")
        time.sleep(_LOOK_SECONDS)
    return found


def _run_state(*, airflow: Engine, wave: StartedWave) -> str:
    query = text("SELECT state FROM dag_run WHERE dag_id = :dag_id AND run_id = :run_id")
    with airflow.connect() as connection:
        return str(connection.execute(query, {"dag_id": wave.dag_id, "run_id": wave.run_id}).scalar_one())


def _planned(*, tracking: Engine, wave: StartedWave) -> tuple[int, int]:
    """The id of the wave, and how many customers it has claimed."""
    query = text("SELECT id, claimed FROM migration.wave WHERE run_id = :run_id")
    with tracking.connect() as connection:
        row = connection.execute(query, {"run_id": wave.run_id}).one()
    return int(row.id), int(row.claimed)


def _be_slow(*, kraken_url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        address = f"{kraken_url}/simulator/faults"
        session.delete(address, timeout=_HTTP_SECONDS).raise_for_status()
        session.post(address, json=_SLOW, timeout=_HTTP_SECONDS).raise_for_status()


def table(*, result: Result) -> Table:
    """A row for each worker and triggerer."""
    shown = Table(title="Cluster", title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    shown.add_column("Member", no_wrap=True)
    for name in ("Tries of tasks", "Seconds at work", "Waits"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for name in (*WORKERS, *TRIGGERERS):
        done = result.work.get(name)
        shown.add_row(
            name,
            f"{done.tries:,}" if done else "–",
            f"{done.seconds:,.0f}" if done else "–",
            f"{result.waits.get(name, 0):,}" if name in TRIGGERERS else "–",
            "killed" if name in result.killed else "",
        )
    return shown


def summary(*, result: Result, accounts: int) -> str:
    """What came of it, in one line."""
    found = result.comparison
    return (
        f"{accounts:,} customers in {result.seconds:.0f} s: {len(found.lost)} lost, {len(found.doubled)} "
        f"doubled, {len(found.wrong)} wrong, {len(found.still_open)} open; at most {result.most_at_once} of "
        f"{BUDGET} requests at once over all members."
    )


def faults(*, result: Result, accounts: int) -> list[str]:
    """What is not as it must be; empty for a good run."""
    said = [each.rstrip(".") for each in result.comparison.faults]
    if result.comparison.records != accounts:
        said.append(f"the wave has {result.comparison.records:,} customers, not {accounts:,}")
    if result.run_state != "success":
        said.append(f"its run ended {result.run_state}")
    if result.most_at_once > BUDGET:
        said.append(f"{result.most_at_once} requests were under way at once, and {BUDGET} are allowed")
    said += [f"{name} has done nothing" for name in WORKERS if name not in result.work]
    return said


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="make cluster",
        usage="make cluster ACCOUNTS=20000 REDIS_URL=redis://host:6379/0",
        description="Run a wave on two workers and two triggerers, and kill one of each.",
    ).parse_args()
    sys.exit(spoken(name="cluster", command=lambda wishes: main(wishes=wishes)))
