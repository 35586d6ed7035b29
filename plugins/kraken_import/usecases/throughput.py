"""How many records of a wave ended in each stretch of time, for a chart.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_import.domain.lifecycle import SETTLED, SUCCEEDED
from kraken_import.tracking.board import Moved

SHOWN: Final = SETTLED
_MOST: Final = 90
_LENGTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How many records ended well, and how many were refused or failed, from `begin` on."""

    begin: datetime
    good: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Stretches of equal length, those without records too, up to the last one with any."""

    minutes: int
    stretches: Sequence[Stretch]

    @property
    def most(self) -> int:
        """The largest number of a stretch; 1 at least, so that it can be divided by."""
        return max((each.good + each.bad for each in self.stretches), default=0) or 1


def throughput(*, flow: Sequence[Moved]) -> Throughput:
    """Return the chart of a wave's flow into settled states. What was reopened for a rerun counts as zero."""
    arrived = [each for each in flow if each.records > 0]
    if not arrived:
        return Throughput(minutes=_LENGTHS[0], stretches=[])
    first, last = min(each.minute for each in arrived), max(each.minute for each in arrived)
    needed = ((last - first).total_seconds() / 60 + 1) / _MOST
    minutes = next((length for length in _LENGTHS if length >= needed), None)
    if minutes is None:
        # Reruns of another month: whole days, as many as it takes.
        minutes = _LENGTHS[-1] * (int(needed / _LENGTHS[-1]) + 1)
    number = int((last - first).total_seconds() / 60) // minutes + 1
    good, bad = [0] * number, [0] * number
    for each in arrived:
        place = int((each.minute - first).total_seconds() / 60) // minutes
        (good if each.state in SUCCEEDED else bad)[place] += each.records
    return Throughput(
        minutes=minutes,
        stretches=[
            Stretch(begin=first + timedelta(minutes=minutes * place), good=good[place], bad=bad[place])
            for place in range(number)
        ],
    )
