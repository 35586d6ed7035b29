"""How values are shown to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_LONGEST: Final = 40


def shown_value(*, value: Any) -> str:
    """A value as a message may repeat it: in quotes, and its beginning alone where it is long."""
    text = value if isinstance(value, str) else type(value).__name__
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"


def in_words(*, names: Sequence[str]) -> str:
    """The names with commas between, and before the last one *and*."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
