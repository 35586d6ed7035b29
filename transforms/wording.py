"""How values are shown to people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

_LONGEST: Final = 40
_LONGEST_CODE: Final = 20
_CODE: Final = re.compile(rf"[A-Za-z0-9_./-]{{1,{_LONGEST_CODE}}}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{6}")
"""As a telephone, a meter point or a day has at least, once what parts its groups is left out."""
_NAME: Final = re.compile(
    r"(?:[A-Z][a-z]*[./_-]){1,3}(?:[A-Z][a-z]+)|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+|[A-Z][a-z]+[A-Z]\.?"
    r"|(?=.*[A-Za-z]{5})(?:[A-Za-z]+[./_-]){1,3}[A-Za-z]+"
)
"""Smith-Jones, J.Smith, McDonald, Anna.Meier: more than one word that begins as a name does.

In capitals or small letters alone, SMITH-JONES or anna.meier, one part must be longer than a code's.
"""
_POSTCODE: Final = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[./_-]?[0-9][A-Z]{2}", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Z][a-z]+|[A-Z]{5,}|[a-z]{5,}")
"""Smith, and what is too long for an abbreviation: SMITH, smith."""


def shown_value(*, value: Any) -> str:
    """A value as a message may repeat it: in quotes, and its beginning alone where it is long."""
    text = value if isinstance(value, str) else type(value).__name__
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"


def looks_like_code(*, text: str) -> bool:
    """Return whether a value may be shown where a code should be: it is short, plain, and no person's."""
    return (
        _CODE.fullmatch(text) is not None
        and not _NUMBER.search(re.sub(r"[_./-]", "", text))
        and not _NAME.fullmatch(text)
        and not _POSTCODE.fullmatch(text)
    )


def are_words(*, values: Iterable[str], known: Iterable[str] = ()) -> bool:
    """Return whether most of these are words as a column of names has them.

    `known` are codes of the column: where some of them are long words in capitals, such as ELEBASE, another
    one is no name; where they are in small letters, so too.
    """
    usual = {_case(word=code) for code in known if _WORD.fullmatch(code)} - {"mixed"}
    found = [
        _NAME.fullmatch(value) is not None
        or (_WORD.fullmatch(value) is not None and _case(word=value) not in usual)
        for value in values
    ]
    return sum(found) * 2 > len(found)


def _case(*, word: str) -> str:
    return "capitals" if word.isupper() else "small" if word.islower() else "mixed"


def shape_of(*, text: str) -> str:
    """Return what a value looks like: A and a for letters, 9 for digits, ? for odd signs."""
    shown = "".join(map(_kind_of, text[:_LONGEST_CODE]))
    return shown if len(text) <= _LONGEST_CODE else f"{shown}…"


def unknown_code(*, text: str, by_shape: bool = False) -> str:
    """Return the part of a sentence that shows an unknown code: as it is if it looks like one."""
    if not by_shape and looks_like_code(text=text):
        return f"the unknown code {text!r}"
    return f"an unknown code {_shaped(text=text)}"


def unlisted_value(*, text: str) -> str:
    """Return the same for a value that a closed list does not have."""
    return repr(text) if looks_like_code(text=text) else f"a value {_shaped(text=text)}"


def _shaped(*, text: str) -> str:
    return f"of the shape {shape_of(text=text)!r} (A and a are letters, 9 is a digit)"


def _kind_of(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign.isascii() and sign.isprintable() else "?"


def in_words(*, names: Sequence[str]) -> str:
    """The names with commas between, and before the last one *and*."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def meant(*, name: str, among: Iterable[str], likeness: float = 0.6) -> str:
    """Return the name that a misspelt one was to be; blank where none is as like it."""
    return next(iter(get_close_matches(name, list(among), n=1, cutoff=likeness)), "")
