"""What is killed in which round, and when: drawn from a seed, so that a round can be had again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kraken_import.local.settings import UnableToUnderstand


class Victim(StrEnum):
    """What a round kills."""

    TASK = "task"
    SUPERVISOR = "supervisor"
    """The process of the LocalExecutor that runs a task and speaks for it."""
    SCHEDULER = "scheduler"
    TRIGGERER = "triggerer"
    API_SERVER = "api-server"
    DAG_PROCESSOR = "dag-processor"
    POSTGRES = "postgres"
    STAND_IN = "stand-in"
    NOTHING = "nothing"
    """For comparison: the wave is left alone."""


KILLED: Final = tuple(each for each in Victim if each is not Victim.NOTHING)
_EARLY: Final = 0.2
"""Share of the rounds that kill before the first create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """After how many of the wave's customers were found valid, or created when `is_create`."""

    customers: int
    is_create: bool

    def __str__(self) -> str:
        return f"{self.customers:,} {'created' if self.is_create else 'valid'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRound:
    """A round: `choice` from 0 to 1 says which of several processes it kills."""

    number: int
    victim: Victim
    moment: Moment
    choice: float


_UNDISTURBED: Final = PlannedRound(
    number=0, victim=Victim.NOTHING, moment=Moment(customers=0, is_create=False), choice=0.0
)


def plan_rounds(*, rounds: int, seed: int, accounts: int, named: Sequence[Victim] = ()) -> list[PlannedRound]:
    """Draw the rounds: the named victims in their order, again and again, otherwise first each in some order.

    Where no victim is named, round 0 kills nothing, to compare with. Returns the same rounds for the same
    values.
    """
    draw = random.Random(seed)
    order = list(named) or draw.sample(KILLED, k=len(KILLED))
    planned = [] if named else [_UNDISTURBED]
    for number in range(1, rounds + 1):
        is_in_turn = bool(named) or number <= len(order)
        victim = order[(number - 1) % len(order)] if is_in_turn else draw.choice(KILLED)
        planned.append(
            PlannedRound(
                number=number,
                victim=victim,
                moment=_moment(draw=draw, accounts=accounts),
                choice=draw.random(),
            )
        )
    return planned


def _moment(*, draw: random.Random, accounts: int) -> Moment:
    # Four in a hundred customers are never created, so that the end of a wave is not waited for.
    is_create = draw.random() >= _EARLY
    return Moment(customers=max(1, int(accounts * draw.uniform(0.02, 0.85))), is_create=is_create)


def read_victims(*, given: str) -> list[Victim]:
    """The victims of KILL=, in their order; raises UnableToUnderstand."""
    names = [part.strip() for part in given.split(",") if part.strip()]
    for name in names:
        if name not in list(Victim):
            raise UnableToUnderstand(f"KILL={name} names no part: choose from {', '.join(Victim)}.")
    return [Victim(name) for name in names]
