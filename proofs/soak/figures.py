"""The figures of a soak, and the tables that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from rich import box
from rich.table import Table

from kraken_import.domain.lifecycle import State
from kraken_import.local.waves import Progress
from proofs.comparing import Comparison
from proofs.soak.flatness import megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of a wave with faults. `requests` and `struck` are numbers by operation and by fault."""

    progress: Progress
    requests: Mapping[str, int]
    struck: Mapping[str, int]
    comparison: Comparison
    unexpected: Sequence[str]
    """Customers that ended otherwise than the generator knows."""
    hasty: Sequence[str]
    """Records that were parked too soon."""
    money: Mapping[str, tuple[Decimal, Decimal]]
    """By ledger: cents of processed customers in the legacy database, and as they were sent."""
    is_reconciled: bool
    differences: Mapping[str, int]
    """What reconciliation found, by kind."""
    memory: Mapping[str, Sequence[int]]
    """The largest process of each component in bytes: by thirds of the wave, or since its first create."""

    @property
    def share_struck(self) -> float:
        """The part of all requests that a fault struck."""
        return sum(self.struck.values()) / max(sum(self.requests.values()), 1)


def tables(*, figures: Figures) -> list[Table]:
    """The wave and its records, the faults, and the memory."""
    return [_wave(figures), _faults(figures), _memory(figures)]


def _wave(figures: Figures) -> Table:
    table = _table("Soak", "", "Number")
    progress, comparison = figures.progress, figures.comparison
    rate = progress.rate(now=datetime.now(tz=UTC))
    table.add_row("Accounts", f"{progress.records:,}")
    table.add_row("Seconds", f"{progress.settled / rate:,.0f}" if rate else "–")
    table.add_row("Accounts/s", f"{rate:.0f}")
    for operation, number in sorted(figures.requests.items()):
        if number:
            table.add_row(f"Requests to {operation}", f"{number:,}")
    for state in State:
        if number := progress.count(state):
            table.add_row(state.value.capitalize().replace("_", " "), f"{number:,}")
    table.add_row("Lost", f"{len(comparison.lost):,}")
    table.add_row("Doubled", f"{len(comparison.doubled):,}")
    table.add_row("Wrong", f"{len(comparison.wrong) + len(figures.unexpected):,}")
    table.add_row("Open", f"{len(comparison.still_open):,}")
    table.add_row("Parked too soon", f"{len(figures.hasty):,}")
    table.add_row("Differences found by reconciliation", f"{sum(figures.differences.values()):,}")
    for ledger, (owed, sent) in figures.money.items():
        table.add_row(f"{ledger}: cents in the legacy database", f"{owed:,}")
        table.add_row(f"{ledger}: cents as sent", f"{sent:,}")
    return table


def _faults(figures: Figures) -> Table:
    table = _table("Faults", "", "Requests struck")
    for name, number in figures.struck.items():
        table.add_row(name, f"{number:,}")
    table.add_row("All", f"{sum(figures.struck.values()):,} ({figures.share_struck:.1%})")
    return table


def _memory(figures: Figures) -> Table:
    thirds = ("First third", "Second third", "Last third")
    table = _table("Largest process of each component", "", *thirds)
    for name, sizes in sorted(figures.memory.items()):
        since = " since the first create" if name == "triggerer" else ""
        table.add_row(f"{name}{since}", *(megabytes(size) for size in sizes))
    return table


def _table(title: str, name: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
