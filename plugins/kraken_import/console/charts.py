"""Points of the lines that pages draw as SVG, whose attributes need no inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kraken_import.tracking.traffic import Minute

WIDTH, HEIGHT = 600, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What came to a Kraken and what it ended in the last hour: two lines, and what stands beside them."""

    sent: str
    ended: str
    highest: int
    """Records in a minute at the top of the chart."""
    sent_last: int
    """Records that came in the last minute that is over."""
    ended_last: int
    sent_of_hour: int
    ended_of_hour: int


def hour_of(*, flow: Sequence[Minute], now: datetime) -> Hour:
    """Return the lines of the last sixty whole minutes; a minute without moves is at the bottom."""
    newest = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    found = {each.minute: each for each in flow}
    minutes = [found.get(newest - timedelta(minutes=back)) for back in range(59, -1, -1)]
    # What Kraken put off goes back to be sent again, and is no arrival.
    sent = [0 if each is None else max(0, each.sent) for each in minutes]
    ended = [0 if each is None else max(0, each.ended) for each in minutes]
    highest = max([*sent, *ended, 1])
    return Hour(
        sent=_points(values=sent, highest=highest),
        ended=_points(values=ended, highest=highest),
        highest=highest,
        sent_last=sent[-1],
        ended_last=ended[-1],
        sent_of_hour=sum(sent),
        ended_of_hour=sum(ended),
    )


def _points(*, values: Sequence[int], highest: int) -> str:
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{place * step:.0f},{HEIGHT - (HEIGHT - 4) * value / highest - 2:.1f}"
        for place, value in enumerate(values)
    )
