"""One wave, measured: its rate, its memory, and where its CPU seconds went."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from kraken_import.cli.airflow_api import Airflow
from kraken_import.local import display, waves
from kraken_import.local.bench import machine, nothing, processes
from kraken_import.local.bench.bounds import bounds
from kraken_import.local.bench.clocks import clocks_of, told_by
from kraken_import.local.bench.ledger import Ledger, Used, ledger_of
from kraken_import.local.bench.machine import Company
from kraken_import.local.bench.plot import draw
from kraken_import.local.bench.processes import Stack
from kraken_import.local.bench.sampling import sampled
from kraken_import.local.bench.series import STEPS, Series, series_in
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running
from kraken_import.local.settings import RUN
from kraken_import.local.stopping import cluster_of
from kraken_import.local.waves import Progress
from transforms import cpu_clock
from transforms.database import engine_to

FOLDER: Final = RUN / "bench"
CLOCKS: Final = FOLDER / "clocks"
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
    plot: Path
    """Its rate, memory and tables over time; the figures themselves are beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A stack that counts its CPU seconds, and what is migrated on it."""

    api: Airflow
    running: Running
    dialect: str
    is_own_tracking: bool
    """Whether the tracking database is the stack's own."""

    def measure(self, *, accounts: int) -> Measured:
        """Run a wave and return what it took. Raises BenchFailed."""
        stack = self._stack()
        run_id = f"bench-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}-{accounts}"
        idle = _idle(stack=stack)
        own = cpu_clock.Clock(folder=CLOCKS)
        with _looking(dsn=self.running.systems.tracking_dsn) as tracking:
            cpu_clock.watch(engine=tracking, clock=own)
            told, parts = told_by(folder=CLOCKS), stack.seconds()
            since, me = machine.moment(), time.process_time()
            with (
                series_in(path=FOLDER / f"{run_id}.csv", tracking=tracking) as series,
                sampled(stack=stack, note=series.note) as seen,
            ):
                progress = self._wave(tracking=tracking, accounts=accounts, run_id=run_id, series=series)
                time.sleep(_UNTIL_TOLD)
            used = _grown(before=parts, after=stack.seconds())
            until, me = machine.moment(), time.process_time() - me
        runners = {each.pid for each in stack.processes() if each.part == processes.RUNNER}
        ledger = ledger_of(
            used=Used(
                parts=used,
                servers=seen.server_seconds(),
                clocks=clocks_of(folder=CLOCKS, before=told, runners=runners),
                bench=own.of_backends(),
                idle_runner=idle.get(processes.RUNNER, 0.0) * (until.at - since.at),
            ),
            dialect=self.dialect,
            accounts=accounts,
            rate=progress.rate(now=datetime.now(tz=UTC)),
            peaks=seen.peaks,
        )
        ledger = replace(ledger, seconds=until.at - since.at, idle=idle)
        company = machine.company(since=since, until=until, own=sum(used.values()) + me)
        plot = FOLDER / f"{run_id}.svg"
        draw(figures=plot.with_suffix(".csv"), title=f"{accounts:,} {self.dialect}", to=plot)
        return Measured(progress=progress, ledger=ledger, company=company, plot=plot)

    def bounded(self, *, measured: Measured) -> Measured:
        """Return the same with the least that its lines could take, measured now."""
        stack = self._stack()
        cluster = cluster_of(ports=self.running.ports)
        least = bounds(
            running=self.running,
            superuser=cluster.dsn(database="tracking") if self.is_own_tracking else None,
            dialect=self.dialect,
            wave_id=measured.progress.wave_id or 0,
            stand_in=lambda: stack.seconds().get(processes.STAND_IN, 0.0),
        )
        ledger = measured.ledger
        for name, seconds in nothing.seconds_of_a_task(api=self.api, stack=stack).items():
            least[name] = seconds * ledger.tasks
        return replace(measured, ledger=replace(ledger, bounds=least))

    def _stack(self) -> Stack:
        postmaster = cluster_of(ports=self.running.ports).postmaster()
        return Stack(components=self.running.components, postmaster=postmaster.pid if postmaster else None)

    def _wave(self, *, tracking: Engine, accounts: int, run_id: str, series: Series) -> Progress:
        with display.progress_lines(target=display.console()) as show:

            def noted(progress: Sequence[Progress]) -> None:
                steps = [(each.built, each.created, each.settled) for each in progress]
                series.reached = dict(zip(STEPS, map(sum, zip(*steps, strict=True)), strict=True))
                show(progress)

            wave = waves.start_wave(
                api=self.api,
                dialect=self.dialect,
                conf={"limit": accounts},
                run_id=run_id,
                is_dry_run=False,
            )
            (progress,) = waves.follow(api=self.api, tracking=tracking, waves=[wave], show=noted)
        if progress.run_state != "success" or progress.records != accounts:
            raise BenchFailed(
                f"The wave of {accounts:,} ended {progress.run_state} with {progress.records:,} customers: "
                f"{progress.failure or 'see its run in Airflow'}."
            )
        return progress


@contextmanager
def _looking(*, dsn: str) -> Iterator[Engine]:
    """Open an engine that keeps its sessions: to begin one costs more than a look."""
    engine = engine_to(dsn)
    try:
        yield engine
    finally:
        engine.dispose()


def _idle(*, stack: Stack) -> dict[str, float]:
    """Return the CPU seconds that each part takes in a second without work."""
    before = stack.seconds()
    time.sleep(_IDLE_SECONDS)
    used = _grown(before=before, after=stack.seconds())
    return {part: seconds / _IDLE_SECONDS for part, seconds in used.items()}


def _grown(*, before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: max(seconds - before.get(part, 0.0), 0.0) for part, seconds in after.items()}
