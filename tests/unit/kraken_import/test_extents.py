"""How much of a wave a reconciliation compares, and which payloads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kraken_import.tracking.comparisons import Extent, Standing
from kraken_import.tracking.listing import NO_DOUBTS, WITHOUT_LISTING, Doubts
from kraken_import.usecases.extents import extent_of, payloads_from

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
DOUBTED = Doubts(records=2, mark="2:77")
YESTERDAY = NOW - timedelta(days=1)


def standing(**changes: Any) -> Standing:
    """A wave that was found right yesterday, all of it, and has not changed; today is not its day."""
    given = {
        "wave_id": 7 - NOW.toordinal() % 7 + 1,
        "read_at": NOW,
        "watermark": "as it is",
        "differs": False,
        "payloads_differ": False,
        "last_watermark": "as it is",
        "last_doubts": DOUBTED.mark,
        "compared_at": YESTERDAY,
        "full_at": YESTERDAY,
    }
    return Standing(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "doubts", "is_closed", "extent"),
    [
        ({}, NO_DOUBTS, False, Extent.SKIPPED),
        ({}, NO_DOUBTS, True, Extent.SKIPPED),
        # What Kraken confirmed of an open wave may differ today, although its listing says the same.
        ({}, DOUBTED, False, Extent.KRAKEN),
        ({}, DOUBTED, True, Extent.SKIPPED),
        ({"last_doubts": "1:9"}, DOUBTED, True, Extent.KRAKEN),
        ({}, WITHOUT_LISTING, False, Extent.KRAKEN),
        ({"last_doubts": "status"}, WITHOUT_LISTING, True, Extent.SKIPPED),
        ({}, WITHOUT_LISTING, True, Extent.KRAKEN),
        ({"differs": True}, NO_DOUBTS, True, Extent.CHANGED),
        ({"watermark": "as it is now"}, NO_DOUBTS, True, Extent.CHANGED),
        # Never reconciled, or before this was kept.
        ({"last_watermark": None, "full_at": None, "compared_at": None}, NO_DOUBTS, True, Extent.FULL),
        ({"full_at": None}, NO_DOUBTS, True, Extent.FULL),
        # Once a week, also when the run is a little earlier than the last one.
        ({"full_at": NOW - timedelta(days=7) + timedelta(minutes=5)}, NO_DOUBTS, True, Extent.FULL),
        ({"full_at": NOW - timedelta(days=6)}, NO_DOUBTS, True, Extent.SKIPPED),
        # On its day, but not twice on that day.
        ({"wave_id": 7 - NOW.toordinal() % 7}, NO_DOUBTS, True, Extent.FULL),
        (
            {"wave_id": 7 - NOW.toordinal() % 7, "full_at": NOW - timedelta(hours=3)},
            NO_DOUBTS,
            True,
            Extent.SKIPPED,
        ),
    ],
)
def test_a_wave_is_compared_as_far_as_it_may_differ(
    changes: dict[str, Any], doubts: Doubts, is_closed: bool, extent: Extent
) -> None:
    found = extent_of(
        standing=standing(**changes), doubts=doubts, is_closed=is_closed, is_full=False, now=NOW
    )
    assert found is extent
    asked_for = extent_of(
        standing=standing(**changes), doubts=doubts, is_closed=is_closed, is_full=True, now=NOW
    )
    assert asked_for is Extent.FULL


@pytest.mark.parametrize("wave_id", range(1, 8))
def test_each_wave_is_compared_whole_once_in_seven_daily_runs(wave_id: int) -> None:
    full_at = NOW
    days = []
    for day in range(1, 29):
        now = NOW + timedelta(days=day, seconds=-day)
        if (
            extent_of(
                standing=standing(wave_id=wave_id, full_at=full_at),
                doubts=NO_DOUBTS,
                is_closed=False,
                is_full=False,
                now=now,
            )
            is Extent.FULL
        ):
            full_at = now
            days.append(day)
    # The first time it comes to its day; from then on it keeps to it.
    assert days[0] <= 7
    assert days == list(range(days[0], 29, 7))


def test_of_payloads_only_those_built_since_the_last_comparison_are_looked_at() -> None:
    assert payloads_from(extent=Extent.CHANGED, standing=standing()) == YESTERDAY - timedelta(days=1)
    assert payloads_from(extent=Extent.FULL, standing=standing()) is None
    assert payloads_from(extent=Extent.CHANGED, standing=standing(payloads_differ=True)) is None
    assert payloads_from(extent=Extent.CHANGED, standing=standing(compared_at=None)) is None
