"""How many customers a batch has where the request does not say.

What a batch costs besides its customers (the start of its four tasks, their supervisors, what the scheduler
and the API server do for them) is as much as some hundred customers cost: large waves have large batches.
"""

from __future__ import annotations

from typing import Final

LEAST: Final = 1_000
"""Customers of a batch at least: of smaller ones more than a third of the CPU seconds would begin tasks."""

MOST: Final = 25_000
"""Customers at most: larger batches save little, and one whose build dies is built again whole.

The scheduler asks about each task that waits in a wave whenever it looks at it, so what it takes grows with
the number of batches.
"""

MAPPED: Final = 300
"""Batches at most, whatever their size: with more mapped tasks of a kind Airflow's grid gets slow."""

_FOR_A_PLACE: Final = 2
"""Batches for each that is worked on at once: with one, places are idle while the longest batch ends."""


def chosen_size(*, customers: int, at_once: int) -> int:
    """Return the size of the batches of a wave, of which `at_once` are worked on at once."""
    # As many for each place, so that the last batches keep all places busy too.
    for_a_place = max(_FOR_A_PLACE, -(-customers // (MOST * at_once)))
    return max(-(-customers // min(for_a_place * at_once, MAPPED)), LEAST)


def is_large(*, customers: int, at_once: int) -> bool:
    """Return whether a wave of so many customers has batches of the largest size."""
    return customers >= MOST * _FOR_A_PLACE * at_once
