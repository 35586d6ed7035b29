"""How large batches are where no one says: few tasks, and enough of them to keep all places busy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.usecases.batch_sizes import LEAST, MAPPED, MOST, chosen_size


@pytest.mark.parametrize(
    ("customers", "size", "batches"),
    [
        (1, 1_000, 1),
        (500, 1_000, 1),
        (4_000, 1_000, 4),
        (20_000, 2_500, 8),
        (100_000, 12_500, 8),
        (500_000, 25_000, 20),
        (1_000_000, 25_000, 40),
        (5_800_000, 25_000, 232),
        (9_000_000, 30_000, 300),
    ],
)
def test_a_wave_has_few_batches_and_all_that_are_worked_on_at_once(
    customers: int, size: int, batches: int
) -> None:
    assert chosen_size(customers=customers, at_once=4) == size
    assert -(-customers // size) == batches


def test_an_installation_with_more_places_gets_more_batches() -> None:
    assert chosen_size(customers=100_000, at_once=16) == 3_125


@given(customers=st.integers(0, 90_000_000), at_once=st.integers(1, 1_000))
def test_no_size_leaves_a_place_idle_or_airflow_too_much(customers: int, at_once: int) -> None:
    size = chosen_size(customers=customers, at_once=at_once)
    batches = -(-customers // size)
    assert batches <= MAPPED
    assert size >= LEAST
    # A place is idle only where Airflow, or the least size, does not allow another batch.
    assert batches >= min(at_once, customers // LEAST, MAPPED // 2)
    assert size <= MOST or batches > MAPPED // 2
