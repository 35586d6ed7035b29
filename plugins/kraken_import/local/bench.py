"""`make bench`: build rates of every dialect, then a large wave through Airflow and its memory."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table

from kraken_import.cli.airflow_api import Airflow
from kraken_import.local import data, display, waves
from kraken_import.local.dialects import dialect_named
from kraken_import.local.memory import sampled
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running, up
from kraken_import.local.settings import ROOT, Wishes, require_checkout
from kraken_import.local.waves import Progress

DEFAULT_ACCOUNTS = 20_000
DEFAULT_DIALECT = "edf_accounts"
_SMALLER = 10
_WANTED_RATE = 200
_WANTED_BYTES = 400 * 2**20


class BenchFailed(StackProblem):
    """The measurement cannot be made, or a measured wave did not end well, so its figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A wave and, by component, the largest resident size in bytes that one of its processes reached."""

    progress: Progress
    peaks: dict[str, int]


def bench(*, wishes: Wishes) -> None:
    """Print the build rates of all dialects, and rate and memory of two waves, of ACCOUNTS and of a tenth."""
    require_checkout(command="bench")
    if wishes.targets.kraken_url is not None:
        raise BenchFailed(
            "`make bench` creates thousands of made-up customers, so it measures the bundled Kraken alone: "
            "leave KRAKEN_URL and KRAKEN_TOKEN out."
        )
    target = display.console()
    dialect = dialect_named(name=wishes.dialect or DEFAULT_DIALECT).name
    _measure_builds(only=dialect if wishes.dialect else None)
    large = wishes.accounts or DEFAULT_ACCOUNTS
    small = max(large // _SMALLER, 1)
    running = up(wishes=wishes, say=target.print, correct_connections=True)
    if running.systems.bundled_legacy:
        data.top_up(systems=running.systems, dialects=[dialect], wanted=large + small, is_dry_run=False)
    api = running.airflow()
    try:
        waves.await_dags(api=api, dialects=[dialect])
        measured = [
            _measure(api=api, running=running, dialect=dialect, accounts=size) for size in (small, large)
        ]
    finally:
        api.close()
    target.print(_table(measured=measured))
    rate = measured[-1].progress.rate(now=datetime.now(tz=UTC))
    peak = max(measured[-1].peaks.values())
    target.print(
        f"Rate {rate:.0f} accounts/s (wanted: {_WANTED_RATE} on 2 cores); largest process "
        f"{_megabytes(peak)} (wanted: below {_megabytes(_WANTED_BYTES)})."
    )


def _measure_builds(*, only: str | None) -> None:
    command = [sys.executable, "benchmarks/build_throughput.py", *(["--dialect", only] if only else [])]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise BenchFailed("The build rates could not be measured, as said above.")


def _measure(*, api: Airflow, running: Running, dialect: str, accounts: int) -> Measured:
    run_id = f"bench-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}-{accounts}"
    with (
        data.engine_of(dsn=running.systems.tracking_dsn) as tracking,
        display.progress_lines(target=display.console()) as show,
        sampled(running=running) as memory,
    ):
        wave = waves.start_wave(
            api=api, dialect=dialect, conf={"limit": accounts}, run_id=run_id, is_dry_run=False
        )
        (progress,) = waves.follow(api=api, tracking=tracking, waves=[wave], show=show)
    if progress.run_state != "success" or progress.records != accounts:
        raise BenchFailed(
            f"The wave of {accounts:,} ended {progress.run_state} with {progress.records:,} customers: "
            f"{progress.failure or 'see its run in Airflow'}."
        )
    return Measured(progress=progress, peaks=memory.peaks())


def _table(*, measured: list[Measured]) -> Table:
    table = Table(title="Bench", title_justify="left")
    table.add_column("")
    for each in measured:
        table.add_column(f"{each.progress.records:,} accounts", justify="right")
    now = datetime.now(tz=UTC)
    table.add_row("accounts/s", *(f"{each.progress.rate(now=now):.0f}" for each in measured))
    for name in sorted({name for each in measured for name in each.peaks}):
        table.add_row(
            f"largest process of {name}", *(_megabytes(each.peaks.get(name, 0)) for each in measured)
        )
    return table


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
