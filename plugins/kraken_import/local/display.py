"""What the demo shows in the terminal: progress while waves run, tables when they have ended."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Protocol

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from kraken_import.domain.lifecycle import State
from kraken_import.local.outcome import ErrorGroup
from kraken_import.local.waves import Progress
from transforms.triage import source_of

_PLAIN_SECONDS = 5.0


class Show(Protocol):
    """Shows how far the waves are."""

    def __call__(self, progress: Sequence[Progress]) -> None: ...


def console() -> Console:
    """Return the terminal, or plain text without one: 80 columns wide unless COLUMNS says otherwise."""
    return Console(highlight=False)


@contextmanager
def progress_lines(*, target: Console) -> Iterator[Show]:
    """A table, redrawn while the waves run, in a terminal; elsewhere a line for a wave every few seconds."""
    if not target.is_terminal:
        yield _PlainLines(target=target)
        return
    # The outcome's table has what this one showed last, so it goes when the waves have ended.
    with Live(console=target, refresh_per_second=4, transient=True) as live:
        yield _LiveTable(live=live)


def progress_table(*, progress: Sequence[Progress], now: datetime) -> Table:
    """One column for each wave: how many of its customers have come how far."""
    table = _table_of_waves(progress=progress, title=None)
    through = "Rehearsed" if any(each.wave.is_dry_run for each in progress) else "Processed"
    for label, figures in zip(
        ("Customers", "Built", "Valid", "Created", through, "Failed", "Accounts/s"),
        zip(*(_figures(progress=each, now=now) for each in progress), strict=True),
        strict=True,
    ):
        table.add_row(label, *figures)
    _add_parked(table=table, progress=progress)
    table.caption = "\n".join(dict.fromkeys(filter(None, map(_waiting, progress)))) or None
    return table


def outcome_table(*, progress: Sequence[Progress], now: datetime) -> Table:
    """One column for each wave: how many customers ended how, and its rate."""
    if any(each.wave.is_dry_run for each in progress):
        shown = (State.DRY_RUN_SUCCEEDED, State.REJECTED, State.INVALID, State.DRY_RUN_ERRORED)
    else:
        shown = (State.PROCESSED, State.REJECTED, State.INVALID, State.ERRORED)
    table = _table_of_waves(progress=progress, title="Outcome")
    table.add_row("Customers", *(f"{each.records:,}" for each in progress))
    for state in shown:
        table.add_row(
            state.value.capitalize().replace("_", " "), *(f"{each.count(state):,}" for each in progress)
        )
    _add_parked(table=table, progress=progress)
    table.add_row("Other", *(f"{each.records - each.count(*shown, State.PARKED):,}" for each in progress))
    rates = [each.rate(now=now) for each in progress]
    seconds = [
        f"{each.settled / rate:.1f}" if rate else "–" for each, rate in zip(progress, rates, strict=True)
    ]
    table.add_row("Seconds", *seconds)
    table.add_row("Accounts/s", *(f"{rate:.0f}" for rate in rates))
    return table


def error_tables(*, groups: Sequence[ErrorGroup]) -> list[Table]:
    """One table for each dialect, with one row for each kind of error and the legacy column behind it."""
    tables = []
    for dialect, kinds in groupby(groups, key=lambda group: group.dialect):
        table = _table(title=f"Errors of {dialect} by code and field")
        table.add_column("Customers", justify="right", no_wrap=True)
        table.add_column("Ended as", no_wrap=True)
        table.add_column("Code and field")
        table.add_column("For example", no_wrap=True)
        for kind in kinds:
            where = f"at {kind.path}" if kind.path else "(whole record)"
            source = source_of(dialect=dialect, path=kind.path)
            names = (kind.code, where, f"← {source}") if source else (kind.code, where)
            table.add_row(f"{kind.customers:,}", kind.state, _Folding(*names), kind.example)
        tables.append(table)
    return tables


class _Folding:
    """Names side by side, or one below the other where there is no room.

    A name without room continues in the next line after a dot or an underscore, never within a word.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._pieces = [re.findall(r"[^._ ]*[._ ]|[^._ ]+", name) for name in names]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max((len(piece) for pieces in self._pieces for piece in pieces), default=0)
        return Measurement(longest, len(" ".join(self._names)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = " ".join(self._names)
        yield Text(whole if len(whole) <= options.max_width else "\n".join(self._folded(options.max_width)))

    def _folded(self, width: int) -> Iterator[str]:
        for pieces in self._pieces:
            line = ""
            for piece in pieces:
                if line and len(line) + len(piece) > width:
                    yield line
                    line = ""
                line += piece
            yield line


class _LiveTable:
    def __init__(self, *, live: Live) -> None:
        self._live = live

    def __call__(self, progress: Sequence[Progress]) -> None:
        self._live.update(progress_table(progress=progress, now=datetime.now(tz=UTC)))


class _PlainLines:
    def __init__(self, *, target: Console) -> None:
        self._target = target
        self._next = 0.0
        self._last: dict[str, str] = {}

    def __call__(self, progress: Sequence[Progress]) -> None:
        over = all(each.ended for each in progress)
        if time.monotonic() < self._next and not over:
            return
        self._next = time.monotonic() + _PLAIN_SECONDS
        now = datetime.now(tz=UTC)
        for each in progress:
            line = _line(progress=each, now=now)
            # A wave whose customers have all ended has no news until its run has ended too.
            if self._last.get(each.wave.dialect) != line:
                self._last[each.wave.dialect] = line
                self._target.print(f"{each.wave.dialect}: {line}")


def _line(*, progress: Progress, now: datetime) -> str:
    if progress.wave_id is None:
        return "was not planned" if progress.ended else "waits for its plan"
    of, built, valid, created, processed, failed, rate = _figures(progress=progress, now=now)
    through = "rehearsed" if progress.wave.is_dry_run else "processed"
    return (
        f"{of} customers, {built} built, {valid} valid, {created} created, "
        f"{processed} {through}, {failed} failed, "
        + (f"{progress.parked:,} parked, " if progress.parked else "")
        + f"{rate} accounts/s"
        + (f"; {waiting}" if (waiting := _waiting(progress)) else "")
    )


def _waiting(progress: Progress) -> str | None:
    """Say that the wave waits for its Kraken; None when it does not."""
    outage = progress.outage
    if outage is None or progress.ended:
        return None
    what = "answered" if outage.is_silent else "taken anything"
    since, until = (each.astimezone(UTC) for each in (outage.began_at, outage.gives_up_at))
    return f"Kraken has not {what} since {since:%H:%M} UTC, and is given up at {until:%H:%M}"


def _add_parked(*, table: Table, progress: Sequence[Progress]) -> None:
    if any(each.parked for each in progress):
        table.add_row("Parked", *(f"{each.parked:,}" for each in progress))


def _figures(*, progress: Progress, now: datetime) -> list[str]:
    counts = (
        progress.records,
        progress.built,
        progress.valid,
        progress.created,
        progress.processed,
        progress.failed,
    )
    if progress.wave_id is None:
        return ["–"] * (len(counts) + 1)
    return [*(f"{count:,}" for count in counts), f"{progress.rate(now=now):.0f}"]


def _table(*, title: str | None) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _table_of_waves(*, progress: Sequence[Progress], title: str | None) -> Table:
    table = _table(title=title)
    table.add_column("", no_wrap=True)
    for each in progress:
        table.add_column(_Folding(each.wave.dialect), justify="right", min_width=9)
    return table
