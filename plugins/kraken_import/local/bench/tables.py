"""The CPU ledger as a terminal shows it."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table

from kraken_import.local.bench.ledger import THOUSAND, Entry, Ledger

_SMALLEST: Final = 0.005
"""Share of all seconds below which lines of a group stand together."""
_LARGEST: Final = 5


def ledger_table(*, ledger: Ledger) -> Table:
    """Return the lines that matter, by group, each with its share, its calls and the least it could take."""
    table = Table(
        title=f"CPU ms an account, {ledger.accounts:,} {ledger.dialect}: {ledger.attributed:.1%} in lines",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
    )
    table.add_column("", no_wrap=True)
    for heading in ("ms", "%", "calls", "at least"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in dict.fromkeys(entry.group for entry in ledger.entries):
        of_group = [entry for entry in ledger.entries if entry.group == group]
        whole = sum(each.seconds for each in of_group)
        _add(table, ledger, Entry(name=group, group=group, seconds=whole))
        shown = [each for each in of_group if each.seconds >= _SMALLEST * ledger.total]
        for each in shown if len(of_group) > 1 else ():
            _add(table, ledger, each, indent="  ")
        rest = sum(each.seconds for each in of_group if each not in shown)
        if rest and len(of_group) > 1:
            number = len(of_group) - len(shown)
            _add(table, ledger, Entry(name=f"{number} more", group=group, seconds=rest), indent="  ")
    _add(table, ledger, Entry(name="without a line", group="", seconds=ledger.missing))
    _add(table, ledger, Entry(name="all", group="", seconds=ledger.total))
    table.caption = "calls: for 1,000 accounts; at least: measured in the same run"
    table.caption_justify = "left"
    return table


def _add(table: Table, ledger: Ledger, entry: Entry, indent: str = "") -> None:
    table.add_row(
        indent + entry.name,
        f"{entry.seconds:.3f}",
        f"{entry.seconds / ledger.total:.1%}",
        "" if entry.calls is None else f"{entry.calls:,.1f}",
        f"{ledger.bounds[entry.name]:.3f}" if entry.name in ledger.bounds else "",
    )


def memory_table(*, ledgers: Sequence[Ledger]) -> Table:
    """Return the rate, and the largest process of each part, of waves of several sizes."""
    table = Table(title="Bench", title_justify="left")
    table.add_column("")
    for each in ledgers:
        table.add_column(f"{each.accounts:,} accounts", justify="right")
    table.add_row("accounts/s", *(f"{each.rate:.0f}" for each in ledgers))
    for name in sorted({name for each in ledgers for name in each.peaks}):
        table.add_row(
            f"largest process of {name}", *(f"{each.peaks.get(name, 0) / 2**20:.0f} MB" for each in ledgers)
        )
    return table


def idle_sentence(*, ledger: Ledger) -> str:
    """Return one sentence: what the stack takes without a wave, and how much of the wave that is."""
    whole = sum(ledger.idle.values())
    largest = sorted(ledger.idle.items(), key=lambda item: -item[1])[:_LARGEST]
    told = ", ".join(f"{part} {seconds:.3f}" for part, seconds in largest)
    share = whole * ledger.seconds * THOUSAND / ledger.accounts / ledger.total if ledger.total else 0.0
    return (
        f"Without a wave the stack takes {whole:.3f} CPU seconds a second ({told}): {share:.0%} of this "
        f"one's, which took {ledger.seconds:,.0f} seconds."
    )


def largest_entries(*, ledger: Ledger) -> str:
    """Return one sentence: which lines take most."""
    largest = sorted(ledger.entries, key=lambda entry: -entry.seconds)[:_LARGEST]
    told = ", ".join(f"{entry.name} {entry.seconds:.2f}" for entry in largest)
    return f"The largest lines, in CPU seconds for 1,000 accounts: {told}; all together {ledger.total:.2f}."
