"""Reads a JSON array of objects while it arrives, object by object, in bounded memory.

A listing may hold millions of accounts in one unpaginated array. Pure: bytes in, objects out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final

import orjson

_LARGEST_OBJECT: Final = 65_536
"""Bytes; far above what an entry of a listing needs, and the limit of what is kept between chunks."""

_BLANKS: Final = re.compile(rb"[ \t\r\n]+")
_OUTSIDE: Final = re.compile(rb'["{}]')
_IN_TEXT: Final = re.compile(rb'"|\\.', re.DOTALL)
_NO_OBJECT: Final = f"An object of the array is not JSON, or is longer than {_LARGEST_OBJECT:,} bytes."


class BrokenArray(Exception):
    """The bytes are not a JSON array of objects, or end before it does."""


class JsonArray:
    """`feed` every chunk in order, then `close`. Raises `BrokenArray`."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = "["
        """What may come next: "[" the beginning, "{]" an object or the end, "{" an object, ",]" after an
        object, "" after the end."""
        self._depth = 0
        """How many braces of the current object are open."""
        self._is_in_text = False
        self._scanned = 0
        """How much of that object has been read."""

    def feed(self, *, chunk: bytes) -> list[dict[str, Any]]:
        """Return the objects that this chunk completes."""
        rest = self._rest
        rest += chunk
        found: list[dict[str, Any]] = []
        place = 0
        while (place := _after_blanks(rest=rest, place=place)) < len(rest):
            sign = chr(rest[place])
            if not self._wanted or sign not in self._wanted:
                raise BrokenArray("It is not a JSON array of objects.")
            if sign == "{":
                end = self._end_of_object(rest=rest, start=place, found=found)
                if end is None:
                    break
                place, self._wanted = end, ",]"
                continue
            self._wanted = {"[": "{]", ",": "{", "]": ""}[sign]
            place += 1
        del rest[:place]
        return found

    def close(self) -> None:
        """Check that the array was complete."""
        if self._wanted or self._rest:
            raise BrokenArray("The array ends too early.")

    def _end_of_object(self, *, rest: bytearray, start: int, found: list[dict[str, Any]]) -> int | None:
        """Return where the object that starts here ends; None when its end is still to come."""
        most = start + _LARGEST_OBJECT
        if not self._scanned and (end := rest.find(b"}", start, most) + 1):
            # Almost every object of a listing contains no other object, and no brace in its texts.
            with suppress(orjson.JSONDecodeError):
                found.append(orjson.loads(memoryview(rest)[start:end]))
                return end
        end = self._counted(rest=rest, start=start, most=most)
        if not end:
            if len(rest) > most:
                raise BrokenArray(_NO_OBJECT)
            return None
        try:
            found.append(orjson.loads(memoryview(rest)[start:end]))
        except orjson.JSONDecodeError:
            raise BrokenArray(_NO_OBJECT) from None
        return end

    def _counted(self, *, rest: bytearray, start: int, most: int) -> int:
        """Find the end of an object by counting braces outside texts. Returns 0 when it is still to come.

        Each byte is read once, in however many chunks it arrives.
        """
        place = start + self._scanned
        while sign := (_IN_TEXT if self._is_in_text else _OUTSIDE).search(rest, place, most):
            place = sign.end()
            match sign[0]:
                case b'"':
                    self._is_in_text = not self._is_in_text
                case b"{":
                    self._depth += 1
                case b"}":
                    self._depth -= 1
                    if not self._depth:
                        self._scanned = 0
                        return place
        # A backslash at the end belongs to the character that comes after it.
        is_escaping = self._is_in_text and place < len(rest) and rest.endswith(b"\\")
        self._scanned = len(rest) - is_escaping - start
        return 0


def _after_blanks(*, rest: bytearray, place: int) -> int:
    blanks = _BLANKS.match(rest, place)
    return blanks.end() if blanks else place
