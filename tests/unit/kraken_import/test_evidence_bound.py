"""What a few records prove of the share that fails, and how often the error budget is wrong about it."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise

import pytest

from kraken_import.usecases.evidence_bound import is_evident, lower_bound

WINDOW = 200
CHUNK = 32


def stopped_after(*, fails: float, share: str, records: int, seed: int) -> int | None:
    """After how many records a budget stops a run in which so many fail by chance; None when it does not."""
    chance = random.Random(seed)
    share_of = Decimal(share)
    ends: list[bool] = []
    while len(ends) < records:
        ends += [chance.random() < fails for _ in range(min(CHUNK, records - len(ends)))]
        last = ends[-WINDOW:]
        if is_evident(failed=sum(last), seen=len(last), share=share_of, window=WINDOW):
            return len(ends)
    return None


def share_of_stops(*, fails: float, share: str, records: int, runs: int = 400) -> float:
    stops = [stopped_after(fails=fails, share=share, records=records, seed=seed) for seed in range(runs)]
    return sum(stop is not None for stop in stops) / runs


@pytest.mark.parametrize(
    ("failed", "seen", "share", "evident"),
    [
        (14, 21, "0.5", False),
        (19, 21, "0.5", True),
        (120, 200, "0.5", True),
        (116, 200, "0.5", False),
        (34, 200, "0.1", True),
        (30, 200, "0.1", False),
        (1, 1, "0.1", False),
        (19, 19, "0.1", False),
        (20, 20, "0.1", True),
        (1, 20, "0.005", False),
        (1, 200, "0", True),
        (0, 200, "0", False),
        (200, 200, "1", False),
        (100_000, 100_000, "0.9999", True),
    ],
)
def test_a_share_counts_once_it_is_proved(failed: int, seen: int, share: str, *, evident: bool) -> None:
    assert is_evident(failed=failed, seen=seen, share=Decimal(share), window=WINDOW) is evident


def test_a_window_of_fewer_records_than_usually_make_evidence_is_judged_when_it_is_full() -> None:
    given = {"share": Decimal("0.2"), "window": 10}
    assert not is_evident(failed=9, seen=9, **given)
    assert is_evident(failed=10, seen=10, **given)


@pytest.mark.parametrize("seen", [1, 20, 200, 100_000])
def test_the_bound_grows_with_the_failures_and_stays_below_their_share(seen: int) -> None:
    steps = sorted({0, 1, seen // 3, seen // 2, seen - 1, seen})
    bounds = [lower_bound(failed=failed, seen=seen) for failed in steps]
    assert bounds[0] == 0
    assert all(less < more for less, more in pairwise(bounds))
    assert all(bound < failed / seen for bound, failed in zip(bounds[1:], steps[1:], strict=True))


def test_a_run_that_fails_clearly_beyond_its_budget_stops_early() -> None:
    # At 60 % against a budget of 50 %, 200 records prove it in three runs of four, 400 in 19 of 20.
    assert share_of_stops(fails=0.6, share="0.5", records=200) > 0.7
    assert share_of_stops(fails=0.6, share="0.5", records=400) > 0.93
    assert share_of_stops(fails=0.65, share="0.5", records=200) > 0.98
    assert share_of_stops(fails=0.2, share="0.1", records=200) > 0.95


@pytest.mark.parametrize(
    ("fails", "share"), [(0.1, "0.5"), (0.4, "0.5"), (0.05, "0.1"), (0.02, "0.05"), (0.01, "0.02")]
)
def test_a_run_within_its_budget_goes_on(fails: float, share: str) -> None:
    assert share_of_stops(fails=fails, share=share, records=20_000, runs=10) == 0
