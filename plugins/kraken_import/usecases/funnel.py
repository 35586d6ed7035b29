"""How far the records of a wave have come: each step with those that have reached it, and those still in it.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kraken_import.domain.lifecycle import AWAITING, ENDED_AT_KRAKEN, OPEN, SUCCEEDED, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step on the way into Kraken, and how many records have come at least as far."""

    name: str
    records: int


def funnel(*, states: Mapping[State, int], refused_on_create: int = 0) -> list[Step]:
    """Return the steps in their order. Parked records are in the first alone: how far they are is open.

    `refused_on_create` of the invalid records had passed Kraken's validation, and were sent.
    """

    def count(*among: State) -> int:
        return sum(states.get(state, 0) for state in among)

    sent = count(*OPEN, *ENDED_AT_KRAKEN) + refused_on_create
    refused_before = count(State.INVALID) - refused_on_create
    return [
        Step(name="selected", records=sum(states.values())),
        Step(name="passed our checks", records=sent + count(State.BUILT, State.VALID) + refused_before),
        Step(name="passed Kraken's checks", records=sent + count(State.VALID)),
        Step(name="sent to be created", records=sent),
        Step(name="accepted by Kraken", records=count(*AWAITING, *ENDED_AT_KRAKEN)),
        Step(name="ended at Kraken", records=count(*ENDED_AT_KRAKEN)),
        Step(name="ended well", records=count(*SUCCEEDED)),
    ]
