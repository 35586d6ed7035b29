"""Documents that differ from a customer's in one place: dropped, doubled, swapped, moved or changed.

Nothing becomes null, and no key is made up: a document has neither, since a field without a value is left
out, and the model is closed.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

Place: TypeAlias = tuple[str | int, ...]

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?\d{1,10}\.\d{2}", re.ASCII)
NO_DAY: Final = "2020-02-30"
_TEXTS: Final = (
    "",
    " ",
    "x",
    "0",
    "-1",
    "é" * 300,
    "NaN",
    "1e5",
    "12.345",
    "9999-12-31",
    NO_DAY,
    "X",
    "+44",
)
_WHOLE: Final = (-1, 0, 1, 32, 10**9, True, "1")
_DAYS: Final = (-366, -31, -1, 1, 31, 366, 36500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A document with one change, and what was changed in words."""

    document: dict[str, Any]
    place: str
    """Generic."""
    told: str


class Mutator:
    """Draws mutations of customers, each generic place of all of them as likely as another."""

    def __init__(self, *, documents: Sequence[Mapping[str, Any]], rng: random.Random) -> None:
        self._documents = documents
        self._rng = rng
        self._places: dict[str, list[tuple[int, Place]]] = defaultdict(list)
        for number, document in enumerate(documents):
            for place in _places(document):
                self._places[_kind(place)].append((number, place))
        self._names = sorted(self._places)

    def draw(self) -> Mutation:
        """One more."""
        name = self._rng.choice(self._names)
        number, place = self._rng.choice(self._places[name])
        document = deepcopy(dict(self._documents[number]))
        way, change = self._way(document, place, name)
        change()
        told = ".".join(map(str, place))
        return Mutation(document=document, place=generic(place), told=f"customer {number}: {told} {way}")

    def _way(self, document: dict[str, Any], place: Place, name: str) -> tuple[str, Callable[[], None]]:
        holder = _at(document, place[:-1])
        key = place[-1]
        value = holder[key]

        def put(new: Any) -> Callable[[], None]:
            def change() -> None:
                holder[key] = new

            return change

        def drop() -> None:
            del holder[key]

        ways: list[tuple[str, Callable[[], None]]] = [("is dropped", drop)]
        if isinstance(holder, list):
            ways.append(("is doubled", lambda: holder.append(deepcopy(value))))
        other = self._other(name)
        if other != value:
            ways.append(("is another customer's", put(other)))
        for told, new in self._changed(value):
            ways.append((told, put(new)))
        ways += [(told, put(new)) for told, new in self._swapped(holder, key)]
        return self._rng.choice(ways)

    def _other(self, name: str) -> Any:
        number, place = self._rng.choice(self._places[name])
        return deepcopy(_at(self._documents[number], place))

    def _changed(self, value: Any) -> Iterator[tuple[str, Any]]:
        rng = self._rng
        if isinstance(value, bool):
            yield "is turned", not value
        elif isinstance(value, int):
            new = rng.choice(_WHOLE)
            yield f"is {new!r}", new
        elif isinstance(value, str):
            new = rng.choice(_TEXTS)
            yield f"is {new[:12]!r}", new
            yield "is a number", 1
            if _DATE.match(value):
                yield from self._moved(value)
            if _AMOUNT.fullmatch(value):
                yield "has another sign", value.removeprefix("-") if value.startswith("-") else f"-{value}"
                yield "is a cent off", f"{value[:-1]}{(int(value[-1]) + 1) % 10}"
        elif value:
            yield "is an empty list" if isinstance(value, list) else "is an empty object", type(value)()

    def _moved(self, value: str) -> Iterator[tuple[str, Any]]:
        days = self._rng.choice(_DAYS)
        try:
            moved = date.fromisoformat(value[:10]) + timedelta(days=days)
        except (ValueError, OverflowError):
            return
        yield f"is {days:+} days", f"{moved.isoformat()}{value[10:]}"

    def _swapped(self, holder: Any, key: str | int) -> Iterator[tuple[str, Any]]:
        """Yield the value of another field of the same kind beside it."""
        if isinstance(holder, dict):
            value = holder[key]
            same = [
                name
                for name, other in holder.items()
                if name != key and type(other) is type(value) is str and other != value
            ]
            if same:
                name = self._rng.choice(same)
                yield f"is what {name} is", deepcopy(holder[name])


def generic(place: Place) -> str:
    """The place without indexes."""
    return ".".join(part for part in place if isinstance(part, str))


def _kind(place: Place) -> str:
    """The generic place, with all keys that are not field names taken for one: there may be any number."""
    return ".".join(part if _NAME.fullmatch(part) else "*" for part in place if isinstance(part, str))


def _places(node: Any, above: Place = ()) -> Iterator[Place]:
    items = node.items() if isinstance(node, Mapping) else enumerate(node)
    for key, value in items:
        place = (*above, key)
        yield place
        if isinstance(value, Mapping | list):
            yield from _places(value, place)


def _at(node: Any, place: Sequence[str | int]) -> Any:
    for part in place:
        node = node[part]
    return node
