"""Reads a JSON array of objects while it arrives, object by object, in bounded memory.

A listing may hold millions of accounts in one unpaginated array. Pure: bytes in, objects out.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

_LARGEST_OBJECT: Final = 65_536
"""Bytes; far above what an entry of a listing needs, and the bound of what is kept between chunks."""

_BLANKS: Final = b" \t\r\n"


class BrokenArray(Exception):
    """The bytes are no JSON array of objects, or end before it does."""


class JsonArray:
    """`feed` every chunk in order, then `close`. Raises `BrokenArray`."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = "["
        """What may come next: "[" the beginning, "{]" an object or the end, "{" an object, ",]" after an
        object, "" after the end."""
        self._scanned = 0

    def feed(self, *, chunk: bytes) -> list[dict[str, Any]]:
        """The objects that this chunk completes."""
        rest = self._rest
        rest += chunk
        found: list[dict[str, Any]] = []
        place = 0
        while (place := _after_blanks(rest=rest, place=place)) < len(rest):
            sign = chr(rest[place])
            if not self._wanted or sign not in self._wanted:
                raise BrokenArray("It is no JSON array of objects.")
            if sign == "{":
                end = self._end_of_object(rest=rest, start=place, found=found)
                if end is None:
                    break
                place, self._wanted = end, ",]"
                continue
            self._wanted = {"[": "{]", ",": "{", "]": ""}[sign]
            place += 1
        del rest[:place]
        if len(rest) > _LARGEST_OBJECT:
            raise BrokenArray(f"An object of the array is no JSON, or longer than {_LARGEST_OBJECT:,} bytes.")
        return found

    def close(self) -> None:
        """Check that the array was complete."""
        if self._wanted or self._rest:
            raise BrokenArray("The array breaks off before its end.")

    def _end_of_object(self, *, rest: bytearray, start: int, found: list[dict[str, Any]]) -> int | None:
        """Where the object ends that starts here; None when that is still to come.

        No object is the beginning of another one: the first brace up to which it can be read is its end.
        """
        scan = start + self._scanned
        while (brace := rest.find(b"}", scan)) >= 0:
            scan = brace + 1
            try:
                found.append(orjson.loads(memoryview(rest)[start:scan]))
            except orjson.JSONDecodeError:
                continue
            self._scanned = 0
            return scan
        self._scanned = len(rest) - start
        return None


def _after_blanks(*, rest: bytearray, place: int) -> int:
    while place < len(rest) and rest[place] in _BLANKS:
        place += 1
    return place
