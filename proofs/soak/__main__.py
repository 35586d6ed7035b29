"""`make soak`: one large wave through Airflow with faults, compared with Kraken's ledger to the record."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from kraken_import.cli.airflow_api import Airflow
from kraken_import.domain.lifecycle import AWAITING, State
from kraken_import.local import data, display, outcome, waves
from kraken_import.local.__main__ import spoken
from kraken_import.local.memory import Memory, sampled
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running, up
from kraken_import.local.settings import Wishes
from kraken_import.local.targets import connections
from kraken_import.local.waves import Progress
from proofs import books
from proofs.comparing import Tracked, compare
from proofs.soak import flatness, mix
from proofs.soak.figures import Figures, tables

DEFAULT_ACCOUNTS: Final = 100_000
DIALECT: Final = "edf_accounts"

_TIMEOUTS: Final = {"request_timeout": 10, "visibility_window": 10}
"""Seconds: shorter than usual, because a request without an answer holds its place for as long."""

_LEAST_STRUCK: Final = 0.04
_LEAST_TRIES: Final = 2
_FLAT_AFTER: Final = 90.0
"""Seconds that a wave takes at least before its thirds tell of more than processes that warm up."""

_POLL_SECONDS: Final = 1.0


class SoakFailed(StackProblem):
    """The soak cannot be run so, or a record, money or memory did not end as it must."""


def soak(*, wishes: Wishes) -> None:
    """Run a live wave of ACCOUNTS with faults, print its figures, and judge them; raises SoakFailed."""
    if wishes.targets.kraken_url is not None or wishes.targets.legacy_dsn is not None:
        raise SoakFailed(
            "`make soak` creates thousands of made-up customers, so it needs the bundled Kraken and legacy "
            "database: leave KRAKEN_URL, KRAKEN_TOKEN and LEGACY_DSN out."
        )
    target = display.console()
    running = up(wishes=wishes, say=target.print, correct_connections=True)
    accounts = wishes.accounts or DEFAULT_ACCOUNTS
    data.top_up(systems=running.systems, dialects=[DIALECT], wanted=accounts, is_dry_run=False)
    api = running.airflow()
    try:
        waves.await_dags(api=api, dialects=[DIALECT])
        figures, problems = _soaked(api=api, running=running, accounts=accounts)
    finally:
        api.close()
    for table in tables(figures=figures):
        target.print()
        target.print(table)
    target.print()
    if problems:
        raise SoakFailed(" ".join(problems))
    parked = len(figures.comparison.parked)
    left = f"; {parked:,} are parked for a person to decide." if parked else "."
    target.print(f"None of {accounts:,} customers is lost, doubled, wrong or open{left}")


def _soaked(*, api: Airflow, running: Running, accounts: int) -> tuple[Figures, list[str]]:
    """What came of the wave, and a sentence for each thing that is wrong."""
    systems = running.systems
    before = books.created(kraken_url=systems.kraken_url)
    seen_before = books.requests_seen(kraken_url=systems.kraken_url)
    with (
        data.engine_of(dsn=systems.tracking_dsn) as tracking,
        data.engine_of(dsn=systems.legacy_owner_dsn) as legacy,
    ):
        progress, memory, struck = _wave(api=api, running=running, tracking=tracking, accounts=accounts)
        if progress.wave_id is None:
            raise SoakFailed(f"The wave was not planned: see run {progress.wave.run_id} in Airflow.")
        seen = books.requests_seen(kraken_url=systems.kraken_url)
        records = books.tracked(tracking=tracking, wave_id=progress.wave_id)
        comparison = compare(
            tracked=records, ledger=books.ledger(kraken_url=systems.kraken_url), before=before
        )
        _reconcile(api=api, wave_id=progress.wave_id)
        figures = Figures(
            progress=progress,
            requests={name: number - seen_before.get(name, 0) for name, number in seen.items()},
            struck=struck,
            comparison=comparison,
            unexpected=_unexpected(tracking=tracking, legacy=legacy, wave_id=progress.wave_id),
            hasty=_hasty(kraken_url=systems.kraken_url, records=records),
            money=books.money(tracking=tracking, legacy=legacy, wave_id=progress.wave_id, dialect=DIALECT),
            is_reconciled=books.is_reconciled(tracking=tracking, wave_id=progress.wave_id),
            differences=books.differences(tracking=tracking, wave_id=progress.wave_id),
            memory=_thirds(memory=memory, tracking=tracking, progress=progress),
        )
    return figures, [*_run_faults(api=api, progress=progress, accounts=accounts), *faults(figures=figures)]


def _wave(
    *, api: Airflow, running: Running, tracking: Engine, accounts: int
) -> tuple[Progress, Memory, dict[str, int]]:
    """Run the wave while its Kraken suffers. Returns its end, its memory, and how often each fault struck."""
    run_id = f"soak-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}-{accounts}"
    kraken_url = running.systems.kraken_url
    with (
        display.progress_lines(target=display.console()) as show,
        _short_timeouts(api=api, running=running),
        mix.suffered(kraken_url=kraken_url, seed=data.known_seed()),
        sampled(running=running) as memory,
    ):
        wave = waves.start_wave(
            api=api, dialect=DIALECT, conf={"limit": accounts}, run_id=run_id, is_dry_run=False
        )
        (progress,) = waves.follow(api=api, tracking=tracking, waves=[wave], show=show)
        return progress, memory, mix.struck(kraken_url=kraken_url)


@contextmanager
def _short_timeouts(*, api: Airflow, running: Running) -> Iterator[None]:
    """Give the Connection to Kraken shorter timeouts until the block ends, and then what it had."""
    (kraken,) = (each for each in connections(systems=running.systems) if each["connection_id"] == "kraken")
    there = (api.connection(connection_id="kraken") or {}).get("extra") or kraken["extra"]
    try:
        api.put_connection(fields={**kraken, "extra": json.dumps(json.loads(there) | _TIMEOUTS)})
        yield
    finally:
        api.put_connection(fields={**kraken, "extra": there})


def _reconcile(*, api: Airflow, wave_id: int) -> None:
    """Have the pipeline compare the wave with Kraken's own listing, with faults off."""
    api.unpause(dag_id="reconcile")
    run_id = api.trigger(
        dag_id="reconcile", run_id=f"soak-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}", conf={"wave": wave_id}
    )
    while api.run_state(dag_id="reconcile", run_id=run_id) not in ("success", "failed"):
        time.sleep(_POLL_SECONDS)


def _unexpected(*, tracking: Engine, legacy: Engine, wave_id: int) -> list[str]:
    """One sentence for each customer that did not end as the generator knows it must, but for parked ones."""
    found = [
        each
        for each in outcome.ends(tracking=tracking, wave_ids=[wave_id])
        if each.state != State.PARKED.value
    ]
    return outcome.differences(legacy=legacy, found=found, is_dry_run=False)


def _hasty(*, kraken_url: str, records: Sequence[Tracked]) -> list[str]:
    """One sentence for each parked record that was given up too soon to be truly undecided."""
    parked = {record.key: record.parked_from for record in records if record.state is State.PARKED}
    if not parked:
        return []
    asked = {key: seen for key, seen in books.requests_by_key(kraken_url=kraken_url) if key in parked}
    sentences = []
    for key, state in parked.items():
        operation = _operation(state)
        tries = asked.get(key, {}).get(operation, 0)
        if tries < _LEAST_TRIES:
            sentences.append(f"{key.external_identifier} was parked after {tries} requests to {operation}")
    return sentences


def _operation(state: State | None) -> str:
    """What a record was asked for when it was parked."""
    if state is State.BUILT:
        return "validate"
    return "status" if state in AWAITING else "create"


def _thirds(*, memory: Memory, tracking: Engine, progress: Progress) -> dict[str, Sequence[int]]:
    """The peaks of each component by thirds of the wave, of the triggerer since it has had work."""
    until = _seconds(progress)
    peaks = memory.by_part(parts=flatness.PARTS, until=until)
    first = books.first_created(tracking=tracking, wave_id=progress.wave_id or 0)
    if first is not None:
        since = (first - progress.wave.at).total_seconds()
        waiting = memory.by_part(parts=flatness.PARTS, since=since, until=until)
        peaks["triggerer"] = waiting["triggerer"]
    return peaks


def _seconds(progress: Progress) -> float:
    end = progress.last_settled_at or datetime.now(tz=UTC)
    return (end - progress.wave.at).total_seconds()


def _run_faults(*, api: Airflow, progress: Progress, accounts: int) -> Iterator[str]:
    wave = progress.wave
    if progress.records != accounts:
        yield f"The wave has {progress.records:,} customers, not {accounts:,}."
    if progress.run_state == "success":
        return
    # The run of a wave that leaves a decision to people fails in its last task, and in no other.
    tasks = [each.name for each in api.failed_tasks(dag_id=wave.dag_id, run_id=wave.run_id)]
    if not progress.parked or tasks != ["summarise"]:
        yield progress.failure or f"The wave failed in {', '.join(tasks)}: see its run in Airflow."


def faults(*, figures: Figures) -> Iterator[str]:
    """One sentence for each thing of a wave that is not as it must be."""
    comparison = figures.comparison
    for name, lines in (
        ("lost", comparison.lost),
        ("doubled", comparison.doubled),
        ("wrong", (*comparison.wrong, *figures.unexpected)),
        ("open", comparison.still_open),
        ("parked too soon", figures.hasty),
    ):
        if lines:
            yield f"{len(lines):,} {name}: {outcome.listed(lines=[line.rstrip('.') for line in lines])}."
    for ledger, (owed, sent) in figures.money.items():
        if owed != sent:
            yield f"The money of {ledger} differs: {owed:,} cents in the legacy database, {sent:,} sent."
    if not figures.is_reconciled:
        yield "The wave was not reconciled: see the last run of the DAG reconcile in Airflow."
    if figures.differences:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in figures.differences.items())
        yield f"Reconciliation has found differences ({kinds}): `make differences` lists them."
    if figures.share_struck < _LEAST_STRUCK:
        yield f"Faults struck only {figures.share_struck:.1%} of the requests, so the soak shows nothing."
    sentences = flatness.growth(peaks=figures.memory)
    if _seconds(figures.progress) < _FLAT_AFTER:
        sentences = flatness.too_large(peaks=figures.memory)
    yield from sentences


def main() -> int:
    """Run the soak; a problem becomes one sentence on standard error and exit status 1."""
    return spoken(name="soak", command=lambda wishes: soak(wishes=wishes))


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="make soak",
        usage="make soak ACCOUNTS=100000",
        description="Run a live wave with faults, and compare each record. The variable may be left out.",
    ).parse_args()
    sys.exit(main())
