"""Line charts as plain numbers: the template only draws what is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WIDTH: Final = 1000
HEIGHT: Final = 230
_LEFT: Final = 64
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 28
_Y_TICKS: Final = 4
_X_TICKS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line by name; `kind` is its colour (good, error, warning, accent), `values` one for each time."""

    name: str
    kind: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws. `paths` holds name, kind, points of the line, and the last value."""

    label: str
    paths: Sequence[tuple[str, str, str, str]]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def chart(*, label: str, times: Sequence[datetime], lines: Sequence[Line]) -> Chart:
    """Return a chart over time; `times` ascending and evenly spaced."""
    most = _nice(max((value for line in lines for value in line.values), default=0) or 1)
    across, down = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(place: int) -> float:
        return round(_LEFT + across * (place / (len(times) - 1) if len(times) > 1 else 1), 1)

    def y(value: float) -> float:
        return round(_TOP + down * (1 - value / most), 1)

    shape = "%H:%M:%S" if times[-1] - times[0] < timedelta(minutes=20) else "%H:%M"
    if times[-1] - times[0] > timedelta(days=1):
        shape = "%d %b %H:%M"
    # Spread over the whole axis, including the last time.
    steps = min(_X_TICKS, len(times)) - 1
    places = [round(step * (len(times) - 1) / steps) for step in range(steps + 1)] if steps > 0 else [0]
    return Chart(
        label=label,
        paths=[
            (
                line.name,
                line.kind,
                " ".join(f"{x(place)},{y(value)}" for place, value in enumerate(line.values)),
                _figure(line.values[-1]),
            )
            for line in lines
        ],
        x_ticks=[Tick(at=x(place), label=times[place].strftime(shape)) for place in places],
        y_ticks=[
            Tick(at=y(most * step / _Y_TICKS), label=_figure(most * step / _Y_TICKS))
            for step in range(_Y_TICKS + 1)
        ],
    )


def _nice(most: float) -> float:
    """Return the next number whose quarters are easy to read."""
    size = 1.0
    while size < most:
        size *= 10
    return next(size * part for part in (0.2, 0.4, 0.8, 1.0) if size * part >= most)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
