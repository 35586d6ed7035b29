"""Which payload of each key was found right last."""

from __future__ import annotations

from array import array


class Passed:
    """The hash of the payload of each key that passed last, in eight bytes by the number of the key.

    So a payload that passed is known until another one of its key passes, however many keys there are.
    """

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, *, number: int, fingerprint: int) -> None:
        """Remember a hash of 64 bits in place of the one before."""
        missing = number + 1 - len(self._hashes)
        if missing > 0:
            self._hashes.frombytes(bytes(missing * self._hashes.itemsize))
        self._hashes[number] = fingerprint

    def has(self, *, number: int, fingerprint: int) -> bool:
        """Return whether a hash is remembered. Two payloads share theirs once in billions of billions."""
        return number < len(self._hashes) and self._hashes[number] == fingerprint
