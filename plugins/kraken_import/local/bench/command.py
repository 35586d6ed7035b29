"""`make bench`: build rates of every dialect, then a large wave through Airflow and its CPU ledger."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import psutil

from kraken_import.local import data, display, outcome, running, waves
from kraken_import.local.bench import comparison, ledger, machine, nothing
from kraken_import.local.bench.ledger import Ledger
from kraken_import.local.bench.measuring import CLOCKS, Bench, BenchFailed, Measured
from kraken_import.local.bench.processes import PROC
from kraken_import.local.bench.tables import idle_sentence, largest_entries, ledger_table, memory_table
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import called
from kraken_import.local.running import Running, up
from kraken_import.local.settings import ROOT, RUN, Wishes, require_checkout
from kraken_import.local.stopping import down
from transforms import cpu_clock
from transforms.private import make_private_folder

DEFAULT_ACCOUNTS: Final = 20_000
DEFAULT_DIALECT: Final = "edf_accounts"
_SMALLER: Final = 10
_BUILT: Final = 10_000
"""Customers of each dialect of which build rates are measured, at most."""
_COUNTING: Final = ("scheduler", "triggerer")
"""The components whose children work on the wave."""
_WANTED_RATE: Final = 500
_WANTED_BYTES: Final = 400 * 2**20


def bench(*, wishes: Wishes) -> None:
    """Print the build rates of all dialects, then rate, memory and ledger of a wave of ACCOUNTS.

    What takes more than in the ledger that is kept is named; with SAVE this one is kept in its place.
    """
    require_checkout(command="bench")
    if wishes.targets.kraken_url is not None:
        raise BenchFailed(
            "`make bench` creates thousands of made-up customers, so it measures the bundled Kraken alone: "
            "leave KRAKEN_URL and KRAKEN_TOKEN out."
        )
    if not PROC.is_dir():
        raise BenchFailed("`make bench` reads CPU seconds from /proc, which only Linux has: run it there.")
    dialect = dialect_named(name=wishes.dialect or DEFAULT_DIALECT).name
    large = wishes.accounts or DEFAULT_ACCOUNTS
    small = max(large // _SMALLER, 1)
    machine.check_room(waves=(small, large), folder=_existing(RUN))
    before = machine.load_before()
    _measure_builds(only=dialect if wishes.dialect else None, accounts=large)
    stack = _counting(wishes=wishes)
    if stack.systems.bundled_legacy:
        data.top_up(systems=stack.systems, dialects=[dialect], wanted=large + small, is_dry_run=False)
    api = stack.airflow()
    try:
        waves.await_dags(api=api, dialects=[dialect])
        measuring = Bench(
            api=api,
            running=stack,
            dialect=dialect,
            is_own_tracking=wishes.targets.tracking_dsn is None,
        )
        first, last = (measuring.measure(accounts=size) for size in (small, large))
        judgement = _judged(stack=stack, wave_ids=[each.progress.wave_id or 0 for each in (first, last)])
        last = measuring.bounded(measured=last)
    finally:
        api.close()
    _show(measured=(first, last), before=before, may_keep=wishes.save and not judgement.faults)
    for sentence in judgement.right:
        display.console().print(sentence)
    if judgement.faults:
        raise BenchFailed(" ".join(judgement.faults))


def _judged(*, stack: Running, wave_ids: Sequence[int]) -> outcome.Judgement:
    """Return whether both waves ended as they must: a rate at which records are lost is none."""
    systems = stack.systems
    with (
        data.engine_of(dsn=systems.tracking_dsn) as tracking,
        data.engine_of(dsn=systems.legacy_owner_dsn) as legacy,
    ):
        return outcome.judged(
            tracking=tracking,
            legacy=legacy,
            kraken_url=systems.kraken_url,
            wave_ids=wave_ids,
            is_dry_run=False,
        )


def _show(*, measured: Sequence[Measured], before: float, may_keep: bool) -> None:
    target = display.console()
    last = measured[-1]
    target.print(memory_table(ledgers=[each.ledger for each in measured]))
    target.print(ledger_table(ledger=last.ledger))
    target.print(largest_entries(ledger=last.ledger))
    target.print(idle_sentence(ledger=last.ledger))
    busy = machine.why_busy(before=before, meanwhile=last.company)
    for sentence in [f"{busy} So nothing is compared."] if busy else _compared(now=last.ledger):
        target.print(sentence)
    if may_keep:
        target.print(_kept(now=last.ledger, busy=busy))
    ledger.save(ledger=last.ledger, path=last.plot.with_suffix(".json"))
    target.print(
        f"Rate, memory and tables over time: {last.plot.relative_to(ROOT)}, its figures as CSV and "
        "the whole ledger as JSON beside it."
    )
    target.print(
        f"Rate {last.ledger.rate:.0f} accounts/s (wanted: {_WANTED_RATE} on 2 cores); largest process "
        f"{max(last.ledger.peaks.values()) / 2**20:.0f} MB (wanted: below {_WANTED_BYTES / 2**20:.0f} MB)."
    )


def _compared(*, now: Ledger) -> Iterator[str]:
    """Yield what got worse, or one sentence on why nothing is compared."""
    kept = ledger.load(path=comparison.KEPT)
    why_not = comparison.why_not(before=kept, now=now)
    if why_not is not None or kept is None:
        yield why_not or ""
        return
    worse = comparison.worse(before=kept, now=now)
    yield (
        "Worse than the ledger that is kept:"
        if worse
        else "Nothing is worse than in the ledger that is kept."
    )
    for difference in worse:
        yield f"  {difference.sentence}"


def _kept(*, now: Ledger, busy: str | None) -> str:
    """Keep a ledger for later comparisons. Returns one sentence; that of a busy machine is not kept."""
    where = comparison.KEPT.relative_to(ROOT)
    if busy is not None:
        return f"This ledger is not kept in {where}: later ones would be compared with a busy machine."
    ledger.save(ledger=now, path=comparison.KEPT)
    return f"This ledger is kept in {where}."


def _measure_builds(*, only: str | None, accounts: int) -> None:
    command = [sys.executable, "benchmarks/build_throughput.py", "--accounts", str(min(accounts, _BUILT))]
    command += ["--dialect", only] if only else []
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
    if running.running() is None:
        # What processes of an earlier stack have told.
        shutil.rmtree(CLOCKS, ignore_errors=True)
    make_private_folder(path=CLOCKS)
    # The components inherit it.
    os.environ[cpu_clock.VARIABLE] = str(CLOCKS)
    return up(wishes=wishes, say=say, correct_connections=True, settings=nothing.SETTINGS)


def _counts(*, stack: Running) -> bool:
    # What has given itself a title has overwritten its environment.
    counting = [each.pid for each in stack.components if each.name in _COUNTING]
    try:
        environments = [psutil.Process(pid).environ() for pid in counting]
    except psutil.Error:
        return False
    return all(each.get(cpu_clock.VARIABLE) == str(CLOCKS) for each in environments)


def _existing(path: Path) -> Path:
    """Return the folder itself, or the nearest one above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())
