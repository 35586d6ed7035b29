"""Which payloads were found right lately, in memory that does not grow."""

from __future__ import annotations

import mmap
from typing import Final

_PLACES: Final = 1 << 22
"""Four million, of eight bytes each: of a million payloads close to nine in ten keep theirs."""
_WHOLE: Final = (1 << 64) - 1


class Passed:
    """The hashes of what passed, each at the place that its last bits name.

    A place holds one hash, and a later one takes it over: then the earlier payload is judged once more. The
    pages of places that are not used yet take no memory.
    """

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places = memoryview(mmap.mmap(-1, 8 * _PLACES)).cast("Q")

    def add(self, *, fingerprint: int) -> None:
        """Remember a hash of 64 bits."""
        self._places[fingerprint % _PLACES] = fingerprint & _WHOLE

    def has(self, *, fingerprint: int) -> bool:
        """Return whether a hash is remembered. Two payloads share theirs once in billions of billions."""
        return self._places[fingerprint % _PLACES] == fingerprint & _WHOLE
