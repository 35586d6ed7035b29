"""The machine that a benchmark runs on: what it is, whether it is left alone, and what its disk can hold."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from kraken_import.local.problems import StackProblem

BYTES_OF_ACCOUNT: Final = 20_000
"""Of one account on the disk: 6.3 KB in the tracking database, its rows in the legacy database, the
stand-in's journal, and logs; with the room that `VACUUM` and sorting need."""
LOG_BYTES: Final = 4 * 2**30
"""The most that Postgres keeps of its write-ahead log."""

_LOOK_SECONDS: Final = 3.0
_MOST_BY_OTHERS: Final = 0.05
_MOST_STOLEN: Final = 0.02


class TooLarge(StackProblem):
    """The disk cannot hold so many accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """CPU seconds of the whole machine: those that were used, and those that its host gave to others."""

    at: float
    used: float
    stolen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What else the machine did, as shares of all its cores."""

    others: float
    stolen: float

    @property
    def is_busy(self) -> bool:
        """Whether figures of this time tell of the machine as much as of the wave."""
        return self.others > _MOST_BY_OTHERS or self.stolen > _MOST_STOLEN


def moment() -> Moment:
    """Return the machine's clocks."""
    times = psutil.cpu_times()
    stolen = getattr(times, "steal", 0.0)
    # Time in guests is counted in `user` as well.
    idle = times.idle + getattr(times, "iowait", 0.0)
    used = sum(times) - idle - stolen - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return Moment(at=time.monotonic(), used=used, stolen=stolen)


def company(*, since: Moment, until: Moment, own: float) -> Company:
    """Return what others took in a time in which we used `own` seconds of CPU."""
    whole = max((until.at - since.at) * cores(), 1e-9)
    others = until.used - since.used - own
    return Company(others=max(others, 0.0) / whole, stolen=max(until.stolen - since.stolen, 0.0) / whole)


def load_before() -> float:
    """Return the share of all cores that is in use, seen for a moment."""
    since = moment()
    time.sleep(_LOOK_SECONDS)
    return company(since=since, until=moment(), own=0.0).others


def why_busy(*, before: float, meanwhile: Company) -> str | None:
    """Return one sentence for a busy machine; None for one that was left alone."""
    if before <= _MOST_BY_OTHERS and not meanwhile.is_busy:
        return None
    return (
        f"The machine was busy: {before:.0%} of its cores before the stack was started; during the wave "
        f"others took {meanwhile.others:.0%}, and its host {meanwhile.stolen:.0%}."
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name() -> str:
    """Return what the machine calls itself: ledgers of different machines cannot be compared."""
    model = "unknown processor"
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{cores()} × {model}"


def check_room(*, waves: Sequence[int], folder: Path) -> None:
    """Raise TooLarge where the disk has no room for waves of so many accounts."""
    free, accounts = shutil.disk_usage(folder).free, sum(waves)
    needed = accounts * BYTES_OF_ACCOUNT + min(LOG_BYTES, accounts * BYTES_OF_ACCOUNT)
    if needed > free:
        sizes = " and ".join(f"{each:,}" for each in waves)
        raise TooLarge(
            f"Waves of {sizes} accounts need {_gigabytes(needed)} of disk, and {_gigabytes(free)} are free "
            f"at {folder}: choose fewer with ACCOUNTS=, or make room."
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
