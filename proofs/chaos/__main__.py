"""`make chaos`: kills parts of a running stack in mid-wave, and shows that nothing is lost or doubled."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.problems import Problem
from kraken_import.local import data, display, processes, state, waves
from kraken_import.local.faults import sentence_of
from kraken_import.local.outcome import listed
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import up
from kraken_import.local.settings import Targets, UnableToUnderstand, Wishes, read_wishes
from kraken_import.local.stopping import stop_everything
from proofs.chaos import plan
from proofs.chaos.host import watched
from proofs.chaos.plan import Victim
from proofs.chaos.round import BATCHES, DIALECT, Ground, Round, open_ground, play
from proofs.chaos.windows import quick_windows

DEFAULT_ROUNDS: Final = 20
DEFAULT_ACCOUNTS: Final = 240
DEFAULT_WITHIN: Final = 60
_INTERRUPTED: Final = 130
_QUIET_SECONDS: Final = 600.0
_USUAL_SECONDS: Final = 30.0
"""The longest that a wave takes on two otherwise idle processors."""


class ChaosFailed(StackProblem):
    """It cannot be run so, or something was lost, doubled, wrong, left open, or too late."""


def main() -> int:
    """Run the rounds; a problem becomes one sentence on standard error and exit status 1."""
    try:
        chaos(environment=os.environ)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted: the stack is down.\n")
        return _INTERRUPTED
    except Exception as error:
        sentence = sentence_of(error=error)
        if sentence is None:
            raise
        sys.stderr.write(f"{sentence}\n")
        return 1
    return 0


def chaos(*, environment: Mapping[str, str]) -> None:
    """Bring a stack up, play the rounds, print them as a table, and take the stack down again.

    Raises ChaosFailed, after the table, when a round was not as it must be.
    """
    wishes = read_wishes(environment=environment)
    if wishes.targets != Targets():
        raise ChaosFailed(
            "`make chaos` kills what it works with, so it runs only on the bundled systems: leave "
            "KRAKEN_URL, KRAKEN_TOKEN, LEGACY_DSN and TRACKING_DSN out."
        )
    accounts = wishes.accounts or DEFAULT_ACCOUNTS
    seed = random.randrange(2**31) if wishes.seed is None else wishes.seed
    planned = plan.plan_rounds(
        rounds=_number(environment=environment, name="ROUNDS", usual=DEFAULT_ROUNDS, most=10_000),
        seed=seed,
        accounts=accounts,
        named=plan.read_victims(given=environment.get("KILL", "")),
    )
    within = _number(environment=environment, name="WITHIN", usual=DEFAULT_WITHIN, most=3_600)
    _refuse_while_up()
    target = display.console()
    target.print(f"{len(planned)} rounds with {accounts:,} customers in {BATCHES} batches, SEED={seed}.")
    rounds: list[Round] = []
    try:
        with _ground(
            target=target, wishes=wishes, accounts=accounts, within=within, of=len(planned)
        ) as ground:
            for each in planned:
                rounds.append(play(ground=ground, planned=each))
                target.print(line(played=rounds[-1]))
    finally:
        # Under the lock, so that neither command finds the other's stack half-stopped.
        with state.locked():
            stop_everything(stack=state.load())
        if rounds:
            target.print(table(rounds=rounds))
            target.print(totals(rounds=rounds))
            target.print(undisturbed(rounds=rounds))
    if bad := [each for each in rounds if each.faults]:
        raise ChaosFailed("\n".join(sentence(played=each) for each in bad))


def _refuse_while_up() -> None:
    known = state.load()
    if known is not None and any(processes.is_alive(component=each) for each in known.components):
        raise ChaosFailed(
            "The stack of this checkout is up, and `make chaos` would kill parts of it: `make down` first."
        )


def _number(*, environment: Mapping[str, str], name: str, usual: int, most: int) -> int:
    given = environment.get(name, "").strip() or str(usual)
    if not (given.isascii() and given.isdigit()) or not 1 <= int(given) <= most:
        raise UnableToUnderstand(f"{name} must be a whole number from 1 to {most:,}, not {given!r}.")
    return int(given)


@contextmanager
def _ground(*, target: Console, wishes: Wishes, accounts: int, within: float, of: int) -> Iterator[Ground]:
    """Yield a running stack, with customers for so many rounds, whose host restarts what has died."""
    # The seed is that of the rounds: the legacy database keeps its own.
    running = up(wishes=replace(wishes, seed=None), say=target.print, correct_connections=True)
    data.top_up(systems=running.systems, dialects=[DIALECT], wanted=accounts * of, is_dry_run=False)
    api = running.airflow()
    try:
        waves.await_dags(api=api, dialects=[DIALECT])
        _await_quiet(api=api, target=target)
    finally:
        api.close()
    with (
        quick_windows(running=running),
        watched(running=running) as host,
        open_ground(running=running, host=host, accounts=accounts, within=within) as ground,
    ):
        yield ground


def _await_quiet(*, api: Airflow, target: Console) -> None:
    """Wait for waves of an earlier command to end: what they create does not belong to the first round."""
    deadline = time.monotonic() + _QUIET_SECONDS
    said = ""
    while active := [run for run in api.active_runs() if run.startswith("migrate_")]:
        if active[0] != said:
            said = active[0]
            target.print(f"{said} was interrupted when this stack was stopped: waiting for its end …")
        if time.monotonic() > deadline:
            raise ChaosFailed(f"{said} does not end: end it in Airflow (`make up`) first.")
        time.sleep(1)


def table(*, rounds: Sequence[Round]) -> Table:
    """One row for each round, in 80 columns."""
    shown = Table(
        title="Chaos",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        caption="Seconds: Start (again) after the kill; Back (it works), Ended (the wave) after the start.",
        caption_justify="left",
    )
    shown.add_column("#", justify="right", no_wrap=True)
    for name in ("Killed", "When"):
        shown.add_column(name, no_wrap=True)
    for name in ("Start", "Back", "Ended", "Lost", "Doubled", "Wrong", "Open"):
        shown.add_column(name, justify="right", no_wrap=True)
    for each in rounds:
        found = each.comparison
        shown.add_row(
            str(each.planned.number),
            str(each.planned.victim),
            str(each.planned.moment) if each.kill else "–",
            *(_seconds(value) for value in (each.restart, each.back, each.ended)),
            *(f"{len(lines):,}" for lines in (found.lost, found.doubled, found.wrong, found.still_open)),
        )
    return shown


def totals(*, rounds: Sequence[Round]) -> str:
    """One line on all rounds."""
    found = [each.comparison for each in rounds]
    ended = [each.ended for each in rounds if each.ended is not None]
    latest = f"{max(ended):.0f} s" if ended else "–"
    return (
        f"{len(rounds)} rounds, {sum(each.records for each in found):,} customers: "
        f"{sum(len(each.lost) for each in found)} lost, {sum(len(each.doubled) for each in found)} doubled, "
        f"{sum(len(each.wrong) for each in found)} wrong, "
        f"{sum(len(each.still_open) for each in found)} open, "
        f"{sum(each.is_late for each in rounds)} later than {rounds[0].within:.0f} s after the restart "
        f"(the latest: {latest})."
    )


def undisturbed(*, rounds: Sequence[Round]) -> str:
    """Return how long a wave takes here undisturbed, since most of it is left if a part is killed early."""
    taken = [each.wave_seconds for each in rounds if each.planned.victim is Victim.NOTHING]
    if not taken:
        return "No wave was left alone, so how long one takes here is not known."
    said = f"A wave that was left alone took {max(taken):.0f} s here"
    if max(taken) <= _USUAL_SECONDS:
        return f"{said}."
    return (
        f"{said}, and {_USUAL_SECONDS:.0f} s are usual: late ends mean nothing on so busy a machine: run it "
        "again when nothing else runs."
    )


def line(*, played: Round) -> str:
    """A round in one line, printed as soon as it is over."""
    verdict = listed(lines=played.faults) if played.faults else "nothing lost or doubled"
    if played.kill is None:
        return f"{played.planned.number}: nothing killed, {played.wave_seconds:.0f} s: {verdict}."
    return (
        f"{played.planned.number}: {played.kill} killed after {played.planned.moment}, "
        + (f"restarted {', '.join(played.restarted)}, " if played.restarted else "")
        + f"ended after {played.ended:.0f} s: {verdict}."
    )


def sentence(*, played: Round) -> str:
    """Return what is wrong with a round, and where to look."""
    return (
        f"Round {played.planned.number} ({played.kill or played.planned.victim}): "
        f"{listed(lines=played.faults)}: see .run/logs and .run/airflow/logs/dag_id=migrate_{DIALECT}/"
        f"run_id={played.run_id}."
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="make chaos",
        usage="make chaos ROUNDS=20 SEED=7 KILL=postgres,task WITHIN=60 ACCOUNTS=240",
        description="Kill parts of a stack in mid-wave and compare each record. No variable is needed.",
    ).parse_args()
    sys.exit(main())
