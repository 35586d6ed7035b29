"""The faults of histories: every kind that the stand-in knows, in a form that it takes."""

from __future__ import annotations

import random

import pytest

from kraken_import.simulator.faults import Faults
from kraken_import.simulator.kinds import KINDS
from proofs.simulation.kraken import LASTS, draw_faults


def test_histories_draw_every_kind_of_fault_that_the_stand_in_knows() -> None:
    faults = Faults()
    for seed in range(400):
        for fault in draw_faults(rng=random.Random(seed), lasts=30.0):
            faults.set(wanted=fault)
    assert {fault.kind for fault in faults.active} == set(KINDS)


@pytest.mark.parametrize("lasts", LASTS)
def test_the_faults_of_every_history_are_taken_however_short_it_is(lasts: float) -> None:
    faults = Faults()
    for seed in range(2_000):
        for fault in draw_faults(rng=random.Random(seed), lasts=lasts):
            faults.set(wanted=fault)
    assert all(fault.until is None or fault.until <= lasts for fault in faults.active)
