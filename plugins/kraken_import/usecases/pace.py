"""How fast a wave ends records while it works, and how long the rest takes at that rate.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_import.domain.lifecycle import OPEN, UNDONE, State
from kraken_import.tracking.board import Pace

LATEST: Final = 5
"""Minutes with ended records by which the present rate is judged."""
_MINUTE: Final = timedelta(minutes=1)
_STILL: Final = timedelta(minutes=3)
"""Without an end for this long a wave does not work at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Records that end at Kraken each second, while any do; `left` is None where it cannot be said."""

    a_second: float
    is_present: bool
    """Whether records end now; otherwise it is the rate of all the minutes in which some did."""
    left: timedelta | None


def rate_of(
    *, pace: Pace, states: Mapping[State, int], since: datetime, until: datetime, is_under_way: bool
) -> Rate:
    """Return the rate of a wave that began at `since`; `until` is now, or when it ended."""
    is_present = is_under_way and until - pace.last < _STILL + _MINUTE
    if is_present:
        seconds = _seconds(
            minutes=pace.latest_minutes, first=pace.latest_first, last=pace.last, since=since, until=until
        )
        a_second = pace.latest_records / seconds
    else:
        seconds = _seconds(minutes=pace.minutes, first=pace.first, last=pace.last, since=since, until=until)
        a_second = pace.records / seconds
    rest = sum(records for state, records in states.items() if state in OPEN | UNDONE)
    left = timedelta(seconds=rest / a_second) if is_present and rest else None
    return Rate(a_second=a_second, is_present=is_present, left=left)


def _seconds(*, minutes: int, first: datetime, last: datetime, since: datetime, until: datetime) -> float:
    """Return how long these minutes are: the first and the last may be cut by begin and end."""
    seconds = 60.0 * minutes
    if first < since:
        seconds -= min(60.0, (since - first).total_seconds())
    if until < last + _MINUTE:
        seconds -= min(60.0, (last + _MINUTE - until).total_seconds())
    return max(1.0, seconds)


def in_words(*, left: timedelta) -> str:
    """Return a duration as people say it."""
    seconds = round(left.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60:02d} min"
