"""Texts in little memory, since there may be millions."""

from __future__ import annotations

from array import array
from typing import Final

END: Final = b"\xff"
"""Stands behind each text. UTF-8 has no such byte, so that no text begins another one."""
_BITS: Final = 8
_TABLE: Final = (1 << _BITS) - 1
"""The bits of a hash that name the table."""
_WHOLE: Final = (1 << 32) - 1
"""Those that are kept, which are enough for tables of 16 million places."""
_FEW: Final = 8
"""So many places a table begins with. Like its later sizes it is a power of two."""


class Texts:
    """Numbers texts from 0 on, in the order in which they came.

    A text takes its bytes in UTF-8 and some 25 more: its end, where it begins, its hash, and two to four
    places in the table that the hash leads to. Each of the many tables grows by itself, so that no text waits
    for a large one. Texts are given in UTF-8 with END behind them, as they are kept.
    """

    __slots__ = ("_content", "_hashes", "_held", "_starts", "_tables")

    def __init__(self) -> None:
        self._content = bytearray()
        self._starts = array("Q")
        self._hashes = array("I")
        self._tables = [array("I", bytes(4 * _FEW)) for _ in range(_TABLE + 1)]
        """Numbers plus 1; 0 is a free place."""
        self._held = array("I", bytes(4 * (_TABLE + 1)))

    def find(self, *, text: bytes) -> int | None:
        """Return the number of a text; None if it has none."""
        code = hash(text)
        table = self._tables[code & _TABLE]
        last = len(table) - 1
        place = code >> _BITS & last
        while held := table[place]:
            if self._content.startswith(text, self._starts[held - 1]):
                return held - 1
            place = place + 1 & last
        return None

    def add(self, *, text: bytes) -> int:
        """Give a text that has no number the next one. Returns the number."""
        code = hash(text) & _WHOLE
        self._hashes.append(code)
        self._starts.append(len(self._content))
        self._content += text
        number = len(self._starts)
        which = code & _TABLE
        self._held[which] = held = self._held[which] + 1
        if 2 * held > len(self._tables[which]):
            self._tables[which] = self._larger(self._tables[which])
        self._enter(self._tables[which], number)
        return number - 1

    def text(self, *, number: int) -> str:
        """Return the text of a number, decoded."""
        start = self._starts[number]
        return self._content[start : self._content.index(END, start)].decode()

    def _larger(self, table: array[int]) -> array[int]:
        """A table with twice the places, and the same numbers."""
        larger = array("I", bytes(2 * table.itemsize * len(table)))
        for held in filter(None, table):
            self._enter(larger, held)
        return larger

    def _enter(self, table: array[int], held: int) -> None:
        last = len(table) - 1
        place = self._hashes[held - 1] >> _BITS & last
        while table[place]:
            place = place + 1 & last
        table[place] = held
