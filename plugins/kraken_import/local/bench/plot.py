"""The plot of a wave: rate, memory and table sizes over its time, as one SVG that needs nothing else."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from kraken_import.local.bench import series
from kraken_import.local.bench.series import MEMORY, OTHER_TABLES, SECONDS, STEPS, TABLES
from transforms.private import write_private

_POINTS: Final = 240
"""Of a line: a longer wave has longer parts."""
_WIDTH: Final = 900
_LEFT: Final = 70
_RIGHT: Final = 190
_HEIGHT: Final = 170
_TOP: Final = 34
_COLOURS: Final = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#555555",
    "#999933",
)

_ENDS: Final = (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10)

Row = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart: its title with the unit, and its lines by name, each as (seconds, value)."""

    title: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def draw(*, figures: Path, title: str, to: Path) -> None:
    """Draw the figures of a file over their time."""
    rows = _thinned(path=figures)
    write_private(path=to, text=svg(title=title, panels=panels(rows=rows)))


def panels(*, rows: Sequence[Row]) -> list[Panel]:
    """Return the charts of some rows, of which each stands for the time since the one before."""
    return [
        Panel(
            title="accounts a second",
            lines={name: list(_rates(rows=rows, name=name)) for name in STEPS},
        ),
        Panel(
            title="largest process, MB",
            lines={name: _values(rows=rows, name=name, unit=2**20) for name in MEMORY},
        ),
        Panel(
            title="tables with their indexes, MB",
            lines={name: _values(rows=rows, name=name, unit=2**20) for name in (*TABLES, OTHER_TABLES)},
        ),
    ]


def svg(*, title: str, panels: Sequence[Panel]) -> str:
    """Return the charts one below the other."""
    longest = max((x for panel in panels for line in panel.lines.values() for x, _ in line), default=0.0)
    height = _TOP + len(panels) * (_HEIGHT + _TOP) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        top = _TOP + number * (_HEIGHT + _TOP) + 22
        parts.extend(_panel(panel=panel, top=top, longest=max(longest, 1.0)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(*, panel: Panel, top: float, longest: float) -> Iterator[str]:
    highest = _round_up(max((y for line in panel.lines.values() for _, y in line), default=0.0))
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - 20
    bottom = top + height
    yield f'<text x="{_LEFT}" y="{top - 6:.0f}">{escape(panel.title)}</text>'
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * height
        yield f'<path d="M{_LEFT} {y:.1f}H{_LEFT + width}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{highest * share:,.0f}</text>'
        x = _LEFT + share * width
        said = f"{longest * share / 60:,.0f} min" if longest >= 600 else f"{longest * share:,.0f} s"
        yield f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{said}</text>'
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(
            f"{_LEFT + x / longest * width:.1f},{bottom - y / highest * height:.1f}" for x, y in line
        )
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        place = top + 10 + number * 16
        yield f'<path d="M{_LEFT + width + 12} {place - 4:.0f}h14" stroke="{colour}" stroke-width="3"/>'
        yield f'<text x="{_LEFT + width + 32}" y="{place:.0f}">{escape(name)}</text>'


def _thinned(*, path: Path) -> list[Row]:
    """Return at most so many rows, evenly over the file, and its last one."""
    number = sum(1 for _ in series.rows_of(path=path))
    step = max(1, -(-number // _POINTS))
    return [
        row for place, row in enumerate(series.rows_of(path=path), 1) if place % step == 0 or place == number
    ]


def _rates(*, rows: Sequence[Row], name: str) -> Iterator[tuple[float, float]]:
    for before, after in itertools.pairwise(rows):
        since, until = before[SECONDS] or 0.0, after[SECONDS] or 0.0
        if until > since:
            yield until, ((after[name] or 0.0) - (before[name] or 0.0)) / (until - since)


def _values(*, rows: Sequence[Row], name: str, unit: float) -> list[tuple[float, float]]:
    return [(row[SECONDS] or 0.0, value / unit) for row in rows if (value := row.get(name)) is not None]


def _round_up(value: float) -> float:
    """Return the next number that a scale may end with."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next((size * first for first in _ENDS if size * first >= value), size * 10)
