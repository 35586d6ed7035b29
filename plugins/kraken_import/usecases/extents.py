"""Decides how much of a wave a reconciliation compares: changes, old differences, and all of it once a week.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from kraken_import.tracking.comparisons import Extent, Standing
from kraken_import.tracking.listing import Doubts

_DAYS: Final = 7
_DAY: Final = timedelta(days=1)
_JITTER: Final = timedelta(hours=12)
"""Daily runs do not begin at exactly the same second."""


def extent_of(*, standing: Standing, doubts: Doubts, is_closed: bool, is_full: bool, now: datetime) -> Extent:
    """Return how much of a wave to compare.

    `is_full` asks for all of it. Otherwise it is what differed the last time or has changed since. About the
    rest Kraken is asked only where its listing raises a doubt, even one that it settled the last time; for a
    closed wave only if the doubts have changed since.
    """
    if is_full or standing.last_watermark is None or _is_due(standing=standing, now=now):
        return Extent.FULL
    if standing.differs or standing.watermark != standing.last_watermark:
        return Extent.CHANGED
    if doubts.records == 0 or (is_closed and doubts.mark == standing.last_doubts):
        return Extent.SKIPPED
    return Extent.KRAKEN


def payloads_from(*, extent: Extent, standing: Standing) -> datetime | None:
    """Return the time of build from which payloads are compared; None for all of them.

    No transaction lasts a day and no clock is off by one, so the last comparison saw whatever was built that
    long before it.
    """
    if extent is Extent.FULL or standing.payloads_differ or standing.compared_at is None:
        return None
    return standing.compared_at - _DAY


def _is_due(*, standing: Standing, now: datetime) -> bool:
    """Return whether all of a wave is due for comparison, as once a week: each wave on its own day."""
    if standing.full_at is None:
        return True
    age = now - standing.full_at
    is_its_day = (now.toordinal() + standing.wave_id) % _DAYS == 0
    return age >= _DAYS * _DAY - _JITTER or (is_its_day and age >= _DAY - _JITTER)
