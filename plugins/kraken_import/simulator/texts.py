"""Texts in little memory, since there may be millions."""

from __future__ import annotations

from array import array
from typing import Final

_END: Final = b"\xff"
"""Stands behind each text. UTF-8 has no such byte, so that no text begins another one."""
_WHOLE: Final = (1 << 32) - 1
_TABLES: Final = 256
_FEW: Final = 8
"""So many places a table begins with. Like its later sizes it is a power of two."""


class Texts:
    """Numbers texts from 0 on, in the order in which they came.

    A text takes its bytes in UTF-8 and some 25 more: its end, where it begins, its hash, and two to four
    places in the table that the hash leads to. Each of the many tables grows by itself, so that no text waits
    for a large one.
    """

    __slots__ = ("_content", "_hashes", "_held", "_starts", "_tables")

    def __init__(self) -> None:
        self._content = bytearray()
        self._starts = array("Q")
        self._hashes = array("I")
        self._tables = [array("I", bytes(4 * _FEW)) for _ in range(_TABLES)]
        """Numbers plus 1; 0 is a free place."""
        self._held = array("I", bytes(4 * _TABLES))

    def find(self, *, text: str) -> int | None:
        """Return the number of a text; None if it has none."""
        sought = text.encode() + _END
        code = hash(sought) & _WHOLE
        table = self._tables[code % _TABLES]
        held = table[self._place(table, sought, code)]
        return held - 1 if held else None

    def number(self, *, text: str) -> int:
        """Return the number of a text, which gets the next one if it has none yet."""
        sought = text.encode() + _END
        code = hash(sought) & _WHOLE
        which = code % _TABLES
        table = self._tables[which]
        place = self._place(table, sought, code)
        held = table[place]
        if held:
            return held - 1
        number = len(self._starts)
        self._starts.append(len(self._content))
        self._hashes.append(code)
        self._content += sought
        table[place] = number + 1
        self._held[which] = count = self._held[which] + 1
        if 2 * count > len(table):
            self._tables[which] = self._larger(table)
        return number

    def text(self, *, number: int) -> str:
        """Return the text of a number."""
        start = self._starts[number]
        return self._content[start : self._content.index(_END, start)].decode()

    def _place(self, table: array[int], sought: bytes, code: int) -> int:
        """Return the place that a text has in its table, or else the free one for it."""
        last = len(table) - 1
        place = code // _TABLES & last
        while held := table[place]:
            if self._content.startswith(sought, self._starts[held - 1]):
                break
            place = place + 1 & last
        return place

    def _larger(self, table: array[int]) -> array[int]:
        """A table with twice the places, and the same numbers."""
        larger = array("I", bytes(2 * table.itemsize * len(table)))
        last = len(larger) - 1
        for held in filter(None, table):
            place = self._hashes[held - 1] // _TABLES & last
            while larger[place]:
                place = place + 1 & last
            larger[place] = held
        return larger
