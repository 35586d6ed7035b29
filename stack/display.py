"""What the demo shows in the terminal: progress while waves run, tables when they have ended."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from kraken_import.lifecycle import State
from stack.outcome import ErrorGroup
from stack.waves import Progress

_PLAIN_SECONDS = 5.0
_WIDTH_WITHOUT_TERMINAL = 140


class Show(Protocol):
    """Shows how far the waves are."""

    def __call__(self, progress: Sequence[Progress]) -> None: ...


def console() -> Console:
    """The terminal, or plain text of a fixed width where there is none."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)


@contextmanager
def progress_lines(*, target: Console) -> Iterator[Show]:
    """A line for each wave: redrawn in a terminal, written anew every few seconds elsewhere."""
    if not target.is_terminal:
        yield _PlainLines(target=target)
        return
    with Live(console=target, refresh_per_second=4) as live:
        yield _LiveTable(live=live)


def outcome_table(*, progress: Sequence[Progress], now: datetime) -> Table:
    """One row for each wave, with its rate."""
    table = Table(title="Outcome", title_justify="left")
    table.add_column("Dialect")
    for heading in (
        "Customers",
        "Processed",
        "Rejected",
        "Invalid",
        "Errored",
        "Other",
        "Seconds",
        "Per second",
    ):
        table.add_column(heading, justify="right")
    for each in progress:
        shown = (State.PROCESSED, State.REJECTED, State.INVALID, State.ERRORED)
        counts = [each.count(state) for state in shown]
        rate = each.rate(now=now)
        table.add_row(
            each.wave.dialect,
            f"{each.records:,}",
            *(f"{count:,}" for count in counts),
            f"{each.records - sum(counts):,}",
            f"{each.settled / rate:.1f}" if rate else "–",
            f"{rate:.0f}",
        )
    return table


def error_tables(*, groups: Sequence[ErrorGroup]) -> list[Table]:
    """One table for each dialect, with one row for each kind of error."""
    tables = []
    for dialect, kinds in groupby(groups, key=lambda group: group.dialect):
        table = Table(title=f"Errors of {dialect} by code and field", title_justify="left")
        table.add_column("Ended as", no_wrap=True)
        table.add_column("Code", overflow="fold")
        table.add_column("Field", overflow="fold")
        table.add_column("Customers", justify="right")
        table.add_column("For example", no_wrap=True)
        for kind in kinds:
            where = kind.path or "(whole record)"
            table.add_row(kind.state, kind.code, where, f"{kind.customers:,}", kind.example)
        tables.append(table)
    return tables


class _LiveTable:
    def __init__(self, *, live: Live) -> None:
        self._live = live

    def __call__(self, progress: Sequence[Progress]) -> None:
        now = datetime.now(tz=UTC)
        table = Table(box=None, pad_edge=False)
        table.add_column("Wave")
        headings = ("of", "built", "valid", "created", "processed", "failed", "accounts/s")
        for heading in headings:
            table.add_column(heading, justify="right", min_width=7)
        for each in progress:
            table.add_row(each.wave.dialect, *_figures(progress=each, now=now))
        self._live.update(table)


class _PlainLines:
    def __init__(self, *, target: Console) -> None:
        self._target = target
        self._next = 0.0

    def __call__(self, progress: Sequence[Progress]) -> None:
        over = all(each.ended for each in progress)
        if time.monotonic() < self._next and not over:
            return
        self._next = time.monotonic() + _PLAIN_SECONDS
        now = datetime.now(tz=UTC)
        for each in progress:
            of, built, valid, created, processed, failed, rate = _figures(progress=each, now=now)
            self._target.print(
                f"{each.wave.dialect}: {of} customers, {built} built, {valid} valid, {created} created, "
                f"{processed} processed, {failed} failed, {rate} accounts/s",
                soft_wrap=True,
            )


def _figures(*, progress: Progress, now: datetime) -> list[str]:
    counts = (
        progress.records,
        progress.built,
        progress.valid,
        progress.created,
        progress.processed,
        progress.failed,
    )
    return [*(f"{count:,}" for count in counts), f"{progress.rate(now=now):.0f}"]
