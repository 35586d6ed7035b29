"""`make bench`: build rates of every dialect, then a large wave through Airflow and its CPU ledger."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import Engine

from kraken_import.cli.airflow_api import Airflow
from kraken_import.local import data, display, running, waves
from kraken_import.local.bench import machine, processes
from kraken_import.local.bench.clocks import clocks_of, told_by
from kraken_import.local.bench.ledger import Ledger, Used, ledger_of
from kraken_import.local.bench.machine import Company
from kraken_import.local.bench.processes import Stack
from kraken_import.local.bench.sampling import sampled
from kraken_import.local.bench.tables import largest_entries, ledger_table, memory_table
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem, called
from kraken_import.local.running import Running, up
from kraken_import.local.settings import ROOT, RUN, Wishes, require_checkout
from kraken_import.local.stopping import cluster_of, down
from kraken_import.local.waves import Progress
from transforms import cpu_clock
from transforms.private import make_private_folder

DEFAULT_ACCOUNTS: Final = 20_000
DEFAULT_DIALECT: Final = "edf_accounts"
FOLDER: Final = RUN / "bench"
CLOCKS: Final = FOLDER / "clocks"
_SMALLER: Final = 10
_WANTED_RATE: Final = 200
_WANTED_BYTES: Final = 400 * 2**20
_IDLE_SECONDS: Final = 10.0
_UNTIL_TOLD: Final = 2.5
"""Seconds after which a process that lives on has told what it did before."""


class BenchFailed(StackProblem):
    """The measurement cannot be made, or a measured wave did not end well, so its figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A wave, its ledger, and what else the machine did meanwhile."""

    progress: Progress
    ledger: Ledger
    company: Company


def bench(*, wishes: Wishes) -> None:
    """Print the build rates of all dialects, then rate, memory and ledger of a wave of ACCOUNTS."""
    require_checkout(command="bench")
    if wishes.targets.kraken_url is not None:
        raise BenchFailed(
            "`make bench` creates thousands of made-up customers, so it measures the bundled Kraken alone: "
            "leave KRAKEN_URL and KRAKEN_TOKEN out."
        )
    dialect = dialect_named(name=wishes.dialect or DEFAULT_DIALECT).name
    large = wishes.accounts or DEFAULT_ACCOUNTS
    small = max(large // _SMALLER, 1)
    machine.check_room(accounts=large + small, folder=_existing(RUN))
    before = machine.load_before()
    _measure_builds(only=dialect if wishes.dialect else None)
    stack = _counting(wishes=wishes)
    if stack.systems.bundled_legacy:
        data.top_up(systems=stack.systems, dialects=[dialect], wanted=large + small, is_dry_run=False)
    api = stack.airflow()
    try:
        waves.await_dags(api=api, dialects=[dialect])
        measured = [
            _measure(api=api, running=stack, dialect=dialect, accounts=size) for size in (small, large)
        ]
    finally:
        api.close()
    _show(measured=measured, before=before)


def _show(*, measured: list[Measured], before: float) -> None:
    target = display.console()
    ledger = measured[-1].ledger
    target.print(memory_table(ledgers=[each.ledger for each in measured]))
    target.print(ledger_table(ledger=ledger))
    target.print(largest_entries(ledger=ledger))
    busy = machine.why_not_compared(before=before, meanwhile=measured[-1].company)
    if busy is not None:
        target.print(busy)
    target.print(
        f"Rate {ledger.rate:.0f} accounts/s (wanted: {_WANTED_RATE} on 2 cores); largest process "
        f"{max(ledger.peaks.values()) / 2**20:.0f} MB (wanted: below {_WANTED_BYTES / 2**20:.0f} MB)."
    )


def _measure_builds(*, only: str | None) -> None:
    command = [sys.executable, "benchmarks/build_throughput.py", *(["--dialect", only] if only else [])]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise BenchFailed("The build rates could not be measured, as said above.")


def _counting(*, wishes: Wishes) -> Running:
    """Bring the stack up so that its processes count their CPU seconds; another one is started again."""
    say = display.console().print
    there = running.running()
    if there is not None and not _counts(stack=there):
        api = there.airflow()
        try:
            active = api.active_runs()
        finally:
            api.close()
        if active:
            raise BenchFailed(
                f"{active[0]} still runs, and the stack must be started again to be measured: wait until it "
                f"has ended, or end it by {called(command='down')}."
            )
        say("Starting the stack again, so that it counts its CPU seconds …")
        down()
    make_private_folder(path=CLOCKS)
    # The components inherit it.
    os.environ[cpu_clock.VARIABLE] = str(CLOCKS)
    return up(wishes=wishes, say=say, correct_connections=True)


def _counts(*, stack: Running) -> bool:
    try:
        environments = [psutil.Process(each.pid).environ() for each in stack.components]
    except psutil.Error:
        return False
    return all(each.get(cpu_clock.VARIABLE) == str(CLOCKS) for each in environments)


def _measure(*, api: Airflow, running: Running, dialect: str, accounts: int) -> Measured:
    postmaster = cluster_of(ports=running.ports).postmaster()
    stack = Stack(components=running.components, postmaster=postmaster.pid if postmaster else None)
    idle = _idle_runner(stack=stack)
    own = cpu_clock.Clock(folder=CLOCKS)
    with data.engine_of(dsn=running.systems.tracking_dsn) as tracking:
        cpu_clock.watch(engine=tracking, clock=own)
        told, parts, since, me = (
            told_by(folder=CLOCKS),
            stack.seconds(),
            machine.moment(),
            time.process_time(),
        )
        with sampled(stack=stack) as seen:
            progress = _wave(api=api, tracking=tracking, dialect=dialect, accounts=accounts)
            time.sleep(_UNTIL_TOLD)
        used_by_parts = _grown(before=parts, after=stack.seconds())
        until, me = machine.moment(), time.process_time() - me
    runners = {each.pid for each in stack.processes() if each.part == processes.RUNNER}
    used = Used(
        parts=used_by_parts,
        servers=seen.server_seconds(),
        clocks=clocks_of(folder=CLOCKS, before=told, runners=runners),
        bench=own.of_backends(),
        idle_runner=idle * (until.at - since.at),
    )
    ledger = ledger_of(
        used=used,
        dialect=dialect,
        accounts=accounts,
        rate=progress.rate(now=datetime.now(tz=UTC)),
        peaks=seen.peaks,
    )
    company = machine.company(since=since, until=until, own=sum(used_by_parts.values()) + me)
    return Measured(progress=progress, ledger=ledger, company=company)


def _idle_runner(*, stack: Stack) -> float:
    """Return the CPU seconds that the trigger runner takes in a second without work."""
    before = stack.seconds()
    time.sleep(_IDLE_SECONDS)
    return _grown(before=before, after=stack.seconds()).get(processes.RUNNER, 0.0) / _IDLE_SECONDS


def _grown(*, before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: max(seconds - before.get(part, 0.0), 0.0) for part, seconds in after.items()}


def _wave(*, api: Airflow, tracking: Engine, dialect: str, accounts: int) -> Progress:
    run_id = f"bench-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}-{accounts}"
    with display.progress_lines(target=display.console()) as show:
        wave = waves.start_wave(
            api=api, dialect=dialect, conf={"limit": accounts}, run_id=run_id, is_dry_run=False
        )
        (progress,) = waves.follow(api=api, tracking=tracking, waves=[wave], show=show)
    if progress.run_state != "success" or progress.records != accounts:
        raise BenchFailed(
            f"The wave of {accounts:,} ended {progress.run_state} with {progress.records:,} customers: "
            f"{progress.failure or 'see its run in Airflow'}."
        )
    return progress


def _existing(path: Path) -> Path:
    """Return the folder itself, or the nearest one above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())
