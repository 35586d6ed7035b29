"""Estimates the share that fails from a few records: the bound that an error budget is compared with.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

CERTAINTY: Final = "99 %"
"""Confidence of one look. Looks are repeated, so a wave just below its budget may still stop."""

_Z: Final = 2.326
"""Standard deviations that a normal value exceeds once in a hundred times."""

_LEAST: Final = 20
"""Records below which a share means nothing: the first one of a wave may fail."""


def lower_bound(*, failed: int, seen: int) -> float:
    """Return the least share (0 to 1) of failures that is plausible when this many of those seen failed.

    Wilson's one-sided bound at 99 %, corrected for continuity: without that correction a single failure
    would be evidence against a budget of half a percent. A float, for a decision and for people to read.
    """
    if not failed:
        return 0.0
    share = failed / seen
    spread = math.sqrt(_Z**2 - 2 - 1 / seen + 4 * share * (seen * (1 - share) + 1))
    return max(0.0, (2 * failed + _Z**2 - 1 - _Z * spread) / (2 * (seen + _Z**2)))


def is_evident(*, failed: int, seen: int, share: Decimal, window: int) -> bool:
    """Return whether evidently more than this share fails, of all records like the last `window` seen."""
    return seen >= min(_LEAST, window) and lower_bound(failed=failed, seen=seen) > share
