"""Whose the references of accounts are, in little memory, since there may be millions."""

from __future__ import annotations

from array import array

from kraken_import.simulator.texts import END, Texts


class References:
    """By namespace and value, the number of the key whose each reference is.

    A reference is kept once, as a text: the number of its namespace, a blank, and its value.
    """

    __slots__ = ("_marks", "_owners", "_texts")

    def __init__(self) -> None:
        self._marks: dict[str, bytes] = {}
        self._texts = Texts()
        self._owners = array("I")

    def __len__(self) -> int:
        """Return the number of references."""
        return len(self._owners)

    def owner(self, *, namespace: str, value: str) -> int | None:
        """Return the number of the key whose a reference is; None if it is new."""
        number = self._texts.find(text=self._text(namespace, value))
        return None if number is None else self._owners[number]

    def add(self, *, namespace: str, value: str, owner: int) -> None:
        """Make a new reference that of a key, whose number is `owner`."""
        self._texts.add(text=self._text(namespace, value))
        self._owners.append(owner)

    def give(self, *, namespace: str, value: str, owner: int) -> None:
        """Make a reference that another key had that of this one."""
        number = self._texts.find(text=self._text(namespace, value))
        assert number is not None
        self._owners[number] = owner

    def _text(self, namespace: str, value: str) -> bytes:
        mark = self._marks.get(namespace)
        if mark is None:
            mark = self._marks[namespace] = f"{len(self._marks):x} ".encode()
        return mark + value.encode() + END
