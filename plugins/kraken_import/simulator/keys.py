"""The keys of import processes, and how they are kept in little memory, since there may be millions."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """What tells import processes apart in Kraken."""

    resource: str
    import_supplier: str
    external_identifier: str


class Keys:
    """Writes a key as one text: the number of its resource and supplier, a blank, and its identifier."""

    __slots__ = ("_marks", "_pairs")

    def __init__(self) -> None:
        self._marks: dict[tuple[str, ...], str] = {}
        self._pairs: list[tuple[str, str]] = []

    def text(self, *, key: Key) -> str:
        """A key as a text."""
        mark = self._marks.get(key[:2])
        if mark is None:
            mark = self._marks[key[:2]] = f"{len(self._pairs):x} "
            self._pairs.append((key.resource, key.import_supplier))
        return mark + key.external_identifier

    def key(self, *, text: str) -> Key:
        """The key that was written as this text."""
        mark, _, identifier = text.partition(" ")
        return Key(*self._pairs[int(mark, 16)], identifier)
