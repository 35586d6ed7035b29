"""Draws a wave in a terminal while it goes on: funnel, pace, causes, and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kraken_import.domain.lifecycle import FAILED, SUCCEEDED, State
from kraken_import.usecases.board import BoardLine
from kraken_import.usecases.following import Followed
from kraken_import.usecases.pace import in_words

_MOST_CAUSES: Final = 8
_BAR: Final = 40
_UNSURE: Final = frozenset({State.PARKED, State.MISSING, State.UNRECOGNISED})
_THEN: Final[Mapping[str, str]] = {
    "clear": "then `kraken-migrate wave clear {wave}`",
    "cancel": "then `kraken-migrate wave cancel {wave}`",
    "nothing": "it does not go on",
}


def draw(*, look: Callable[[], Followed], console: Console, seconds: float) -> None:
    """Draw what `look` returns every few seconds, until the wave has ended. The last picture stays."""
    found = look()
    with Live(picture(found=found), console=console, auto_refresh=False) as live:
        while found.line.wave.outcome is None:
            time.sleep(seconds)
            found = look()
            live.update(picture(found=found), refresh=True)


def picture(*, found: Followed) -> RenderableType:
    """Return a wave as a terminal shows it. What people wrote is shown as text, whatever stands in it."""
    line = found.line
    wave = line.wave
    parts: list[RenderableType] = [
        Text(
            f"Wave {wave.id} {wave.name!r}: {wave.mode}, {wave.dialect}, to {wave.target_kraken}",
            style="bold",
        ),
        Text(line.standing, style=_style_of(line=line)),
        _funnel(line=line),
        Text(_pace(line=line)),
    ]
    if found.causes.shown:
        parts.append(_causes(found=found))
    if found.remedy is not None:
        then = _THEN[found.remedy.then].format(wave=wave.id)
        parts.append(Text(f"What to do: {found.remedy.to_do}; {then}.", style="bold"))
    return Group(*parts)


def _funnel(*, line: BoardLine) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for state, records in sorted(line.states.items()):
        style = _style_of_state(state=state)
        bar = ProgressBar(total=max(1, line.records), completed=records, width=_BAR, complete_style=style)
        table.add_row(Text(f"{records:,}"), Text(state.value.replace("_", " "), style=style), bar)
    return table


def _pace(*, line: BoardLine) -> str:
    if line.rate is None:
        return "No record has ended at Kraken yet."
    said = f"{line.rate.a_second:.1f} records a second"
    if not line.rate.is_present:
        said += " while it worked"
    if line.rate.left is not None:
        said += f"; {in_words(left=line.rate.left)} left at this rate"
    return f"{said}. {line.budget}".strip()


def _causes(*, found: Followed) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Records", justify="right")
    for name in ("Cause", "At", "Legacy column", "Found by"):
        table.add_column(name)
    for cause in found.causes.shown[:_MOST_CAUSES]:
        table.add_row(
            f"{cause.records:,}",
            *(Text(each) for each in (cause.called, cause.path, cause.column, cause.by_whom)),
        )
    further = found.causes.number - _MOST_CAUSES
    if further > 0:
        table.add_row("", f"and {further} more: `kraken-migrate report` lists them")
    return table


def _style_of(*, line: BoardLine) -> str:
    if line.wave.stop_code is not None or line.wave.outcome == "failed":
        return "red"
    return "green" if line.wave.outcome == "succeeded" else "cyan"


def _style_of_state(*, state: State) -> str:
    if state in SUCCEEDED:
        return "green"
    return "red" if state in FAILED else "yellow" if state in _UNSURE else "cyan"
