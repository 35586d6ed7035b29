"""Two payloads side by side: every path whose value differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

ABSENT: Final = object()
"""In place of a value where a payload has none; null is a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A path with indexes, and its values before and now."""

    path: str
    before: Any
    after: Any


def differences(*, before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """The differences of two JSON documents, in the order of their fields. Lists are compared by position."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from differences(
                before=before.get(name, ABSENT), after=after.get(name, ABSENT), path=_join(path, name)
            )
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from differences(
                before=before[index] if index < len(before) else ABSENT,
                after=after[index] if index < len(after) else ABSENT,
                path=_join(path, str(index)),
            )
    # True is 1 in Python, and not in JSON.
    elif type(before) is not type(after) or before != after:
        yield Difference(path=path, before=before, after=after)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
