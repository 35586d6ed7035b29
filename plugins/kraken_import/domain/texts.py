"""Texts that people give: names, identifiers, reasons. What of them may be stored, shown and sent."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST_NAME: Final = 200
LONGEST_REASON: Final = 2_000

_ODD: Final = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that no name has: controls, halves of characters, and ends of lines."""
_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing, so that a name reads as another one."""


def flaw_of(*, text: str, most: int = LONGEST_NAME) -> str:
    """Return why a text can be no name, as the end of a sentence; blank where it can."""
    if len(text) > most:
        return f"is longer than {most:,} characters: shorten it"
    if any(map(_is_odd, text)):
        return "holds a character that cannot be seen, or one that turns the writing: type it again"
    return ""


def plain(*, text: str, most: int) -> str:
    """Return a text without what cannot be seen, in one line, and cut off where it is too long.

    For an order: that it is carried out matters more than how its reason is written.
    """
    kept = "".join(" " if sign in "\t\r\n" else "" if _is_odd(sign) else sign for sign in text[:most])
    return " ".join(kept.split()) if kept != text else text


def counted(*, number: int, noun: str) -> str:
    """Return how many there are of something, in words: `noun` is of one, and takes an s for several."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def undirected(*, text: str) -> str:
    """Return a text without marks that turn the writing: one would turn what is shown beside it."""
    return "".join(sign for sign in text if sign not in _TURNING) if not _TURNING.isdisjoint(text) else text


def _is_odd(sign: str) -> bool:
    return sign in _TURNING or unicodedata.category(sign) in _ODD
