"""The faults of histories: every kind that the stand-in knows, in a form that it takes."""

from __future__ import annotations

import random

from proofs.simulation.kraken import draw_faults
from simulator.faults import Faults
from simulator.kinds import KINDS


def test_histories_draw_every_kind_of_fault_that_the_stand_in_knows() -> None:
    faults = Faults()
    for seed in range(400):
        for fault in draw_faults(rng=random.Random(seed), lasts=30.0):
            faults.set(wanted=fault)
    assert {fault.kind for fault in faults.active} == set(KINDS)
