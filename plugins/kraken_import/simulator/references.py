"""Whose the references of accounts are, in little memory, since there may be millions."""

from __future__ import annotations

from array import array

from kraken_import.simulator.texts import Texts


class References:
    """By namespace and value, the number of the key whose each reference is.

    A reference is kept once, as a text: the number of its namespace, a blank, and its value.
    """

    __slots__ = ("_marks", "_owners", "_texts")

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._texts = Texts()
        self._owners = array("I")

    def __len__(self) -> int:
        """Return the number of references."""
        return len(self._owners)

    def owner(self, *, namespace: str, value: str) -> int | None:
        """Return the number of the key whose a reference is; None if it is nobody's."""
        mark = self._marks.get(namespace)
        number = None if mark is None else self._texts.find(text=mark + value)
        return None if number is None else self._owners[number]

    def give(self, *, namespace: str, value: str, owner: int) -> None:
        """Make a reference that of a key, whose number is `owner`, and of no other."""
        mark = self._marks.setdefault(namespace, f"{len(self._marks):x} ")
        number = self._texts.number(text=mark + value)
        if number < len(self._owners):
            self._owners[number] = owner
        else:
            self._owners.append(owner)
