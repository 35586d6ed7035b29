"""The keys of import processes, and how they are kept in little memory, since there may be millions."""

from __future__ import annotations

from typing import NamedTuple

from kraken_import.simulator.texts import END, Texts


class Key(NamedTuple):
    """What tells import processes apart in Kraken."""

    resource: str
    import_supplier: str
    external_identifier: str


class Keys:
    """Numbers keys from 0 on, in the order in which they came.

    A key is kept once, as a text: the number of its resource and supplier, a blank, and its identifier. The
    last one is at hand, since a request asks for the number of its key several times.
    """

    __slots__ = ("_last", "_last_number", "_marks", "_pairs", "_texts")

    def __init__(self) -> None:
        self._marks: dict[tuple[str, ...], bytes] = {}
        self._pairs: list[tuple[str, str]] = []
        self._texts = Texts()
        self._last: Key | None = None
        self._last_number = 0

    def number(self, *, key: Key) -> int:
        """Return the number of a key, which gets the next one if it has none yet."""
        if key is self._last:
            return self._last_number
        text = self._text(key)
        number = self._texts.find(text=text)
        if number is None:
            number = self._texts.add(text=text)
        self._last, self._last_number = key, number
        return number

    def find(self, *, key: Key) -> int | None:
        """Return the number of a key; None if it has none."""
        if key is self._last:
            return self._last_number
        return self._texts.find(text=self._text(key))

    def key(self, *, number: int) -> Key:
        """Return the key of a number."""
        mark, _, identifier = self._texts.text(number=number).partition(" ")
        return Key(*self._pairs[int(mark, 16)], identifier)

    def _text(self, key: Key) -> bytes:
        mark = self._marks.get(key[:2])
        if mark is None:
            mark = self._marks[key[:2]] = f"{len(self._pairs):x} ".encode()
            self._pairs.append((key.resource, key.import_supplier))
        return mark + key.external_identifier.encode() + END
