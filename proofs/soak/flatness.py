"""Whether the memory of a wave's components stays flat however long it runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

PARTS: Final = 3
MOST_BYTES: Final = 400 * 2**20
_SHARE: Final = 0.15
_BYTES: Final = 30 * 2**20
_REMEMBERS: Final = frozenset({"simulator"})
"""The stand-in keeps a ledger of all that it created, so it grows with the wave as Kraken's disk would."""


def too_large(*, peaks: Mapping[str, Sequence[int]]) -> list[str]:
    """One sentence for each component that had too large a process.

    `peaks` has the largest process of each component in bytes, third by third.
    """
    return [
        f"A process of {name} took {megabytes(max(sizes))}, more than {megabytes(MOST_BYTES)}."
        for name, sizes in sorted(peaks.items())
        if max(sizes) > MOST_BYTES
    ]


def growth(*, peaks: Mapping[str, Sequence[int]]) -> list[str]:
    """One sentence for each component whose processes were too large, or grew from first third to last."""
    return too_large(peaks=peaks) + [
        f"The largest process of {name} grew from {megabytes(sizes[0])} in the first third of the wave to "
        f"{megabytes(sizes[-1])} in the last."
        for name, sizes in sorted(peaks.items())
        if name not in _REMEMBERS and sizes[-1] > max(sizes[0] * (1 + _SHARE), sizes[0] + _BYTES)
    ]


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 2**20:.0f} MB"
