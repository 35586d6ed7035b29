"""How many failures in a row would stop a wave: found without trying each number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.tracking.budget import LatestRecords
from kraken_import.tracking.waves import Policy
from kraken_import.usecases import budget

SHARES = st.decimals(min_value=Decimal("0.001"), max_value=1, places=3)


@given(
    window=st.integers(1, 300),
    seen=st.integers(0, 300),
    failed=st.integers(0, 300),
    share=SHARES,
    count=st.none() | st.integers(0, 300),
)
def test_the_number_is_the_first_that_exceeds_the_budget(
    window: int, seen: int, failed: int, share: Decimal, count: int | None
) -> None:
    policy = Policy(error_share=share, error_count=count, error_window=window)
    sample = of(seen=min(seen, window), failed=min(failed, seen, window))
    beyond = [
        more
        for more in range(window)
        if budget._beyond(
            sample=of(
                seen=min(window, sample.seen + more),
                failed=min(window, sample.seen + more, sample.failed + more),
            ),
            policy=policy,
        )
    ]
    assert budget._left(sample=sample, policy=policy) == (beyond[0] if beyond else window)


@pytest.mark.parametrize(("failed", "left"), [(0, 6), (3, 3), (6, 0), (9, 0)])
def test_of_a_budget_of_five_failures_the_sixth_is_named(failed: int, left: int) -> None:
    policy = Policy(error_count=5, error_share=Decimal(1), error_window=200)
    assert budget._left(sample=of(seen=100, failed=failed), policy=policy) == left


def of(*, seen: int, failed: int) -> LatestRecords:
    return LatestRecords(stage="create", minutes=0, seen=seen, failed=failed, causes=())
