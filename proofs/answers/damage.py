"""Damage: values of any kind, documents that were right once, and the bytes of such documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

TEXTS: Final = (
    "",
    " ",
    "0",
    "-1",
    "1e999999999999999999999",
    "NaN",
    "Infinity",
    "9" * 400,
    "9" * 5_000,
    "٣",
    "９９９９-12-31",
    "1_000",
    "true",
    "null",
    "\x00",
    "a\x00b",
    "\ud800",
    "half \udfff",
    "\ufeff",
    "\r\nX-Injected: 1",
    "é" * 50,
    "İ",
    "%00",
    "{{ x }}",
    "'; DROP TABLE x; --",
    "x" * 300,
    "x" * 70_000,
    "[" * 20_000,
    "a." * 3_000,
)
"""Texts that have broken other programs."""


def any_of(things: Sequence[Any]) -> SearchStrategy[Any]:
    """One of these things, which may be too large to be printed."""
    return st.integers(0, len(things) - 1).map(lambda number: things[number])


def mostly(valid: SearchStrategy[Any], damaged: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Valid things two times of three: where each part is damaged, only the first is ever looked at."""
    return st.integers(0, 2).flatmap(lambda chosen: valid if chosen else damaged)


texts: Final = any_of(TEXTS) | st.text(max_size=20)
any_characters: Final = st.text(st.characters(exclude_categories=()), max_size=30)

leaves: Final[SearchStrategy[Any]] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    any_of([2**63, -(2**64), 10**30, 10**400, 0.1, 1e308, -0.0, float("nan"), float("inf")]),
    texts,
    any_characters,
)

values: Final[SearchStrategy[Any]] = leaves | st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
"""Everything that Python's JSON can hold: NaN, lone surrogates and numbers of any length too."""

as_of_databases: Final[SearchStrategy[Any]] = st.one_of(
    leaves,
    values,
    st.decimals(allow_nan=True, allow_infinity=True),
    any_of([Decimal("1E+131071"), Decimal("-0"), Decimal("1E-16383")]),
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    # As drivers deliver infinity.
    st.sampled_from([date.max, date.min, datetime.max, datetime.min]),  # noqa: DTZ901
    st.sampled_from([b"\x00", memoryview(b"x"), (1,), {}]),
    st.sampled_from(
        ["9999-12-31", "９９９９-12-31", "0000-00-00", "20240229", "20230229", "2024-03-31 01:30:00", "12.30"]
    ),
)
"""Values as the drivers of databases deliver them, those of strange columns included."""

_Edit = tuple[int, int, Any]


def documents(*valid: Any) -> SearchStrategy[Any]:
    """Documents that were valid: parts dropped, retyped, nested, doubled or renamed."""
    edits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60), values), max_size=4)
    return st.builds(_edited, st.sampled_from(valid), edits)


def _edited(document: Any, edits: Sequence[_Edit]) -> Any:
    holder = {"": copy.deepcopy(document)}
    for action, number, value in edits:
        places = list(_places(holder))
        container, key = places[number % len(places)]
        _edit(container, key, action=action, value=value)
        if "" not in holder:
            return None
    return holder[""]


def _edit(container: Any, key: Any, *, action: int, value: Any) -> None:
    found = container[key]
    if action == 0:
        del container[key]
    elif action == 1:
        container[key] = value
    elif action == 2:
        container[key] = [found]
    elif action == 3:
        container[key] = {str(key) or "x": found}
    elif action == 4 and isinstance(container, list):
        container.insert(key, copy.deepcopy(found))
    elif isinstance(container, dict) and isinstance(value, str) and key:
        container[value] = container.pop(key)


def _places(node: Any) -> Any:
    if isinstance(node, dict):
        for key in list(node):
            yield node, key
            yield from _places(node[key])
    elif isinstance(node, list):
        for index, item in enumerate(list(node)):
            yield node, index
            yield from _places(item)


def bodies(*valid: Any) -> SearchStrategy[bytes]:
    """The bytes of such documents, sound or damaged, and bytes that never were a document."""
    sound = st.builds(serialised, documents(*valid), st.booleans())
    return st.one_of(
        sound,
        damaged(sound),
        st.binary(max_size=60),
        any_of(PAGES),
    )


def damaged(sound: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
    """Such bytes cut, flipped, doubled, nested, or with a mark or a second key in them."""
    return st.builds(
        _damaged, sound, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5_000)), max_size=3)
    )


def serialised(document: Any, is_ascii: bool = True) -> bytes:
    """Serialise a document as Python's JSON, with any bytes that it contains."""
    return json.dumps(document, ensure_ascii=is_ascii).encode(errors="surrogatepass")


PAGES: Final = (
    b"",
    b"null",
    b'"word"',
    b"Bad Gateway",
    b"<html></html>",
    b"\xef\xbb\xbf<!doctype html><title>Sign in</title>",
    "\ufeff<!doctype html>".encode("utf-16"),
    b"\n\t <html>",
    b"[" * 5_000,
    b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    b'{"status": ' + b"9" * 5_000 + b"}",
)

GIANTS: Final = (
    b"[" * 900_000,
    b'{"a":' * 150_000,
    b'{"detail": "' + b"x" * 10_000_000 + b'"}',
    b"9" * 1_000_000,
    b'{"code": "' + b"\\ud800" * 100_000 + b'"}',
    b'{"a": ["' + b'x", "' * 150_000 + b'"]}',
    b'[{"a": "' + b"}" * 900_000,
    b" " * 2_000_000,
)
"""Bodies as large as a hostile answer can be."""


def _twice(body: bytes, at: int) -> bytes:
    """Repeat an existing key with another value."""
    key = (b'"status": "PROCESSED", ', b'"code": "not_found", ', b'"code": 5, ', b'"token": null, ')[at % 4]
    opening = body.find(b"{", at % (len(body) + 1))
    return body if opening < 0 else body[: opening + 1] + key + body[opening + 1 :]


def _twice_behind(body: bytes, at: int) -> bytes:
    key = (b', "status": "PENDING"', b', "code": "x"', b', "external_account_number": "2"')[at % 3]
    closing = body.rfind(b"}")
    return body if closing < 0 else body[:closing] + key + body[closing:]


_DAMAGES: Final[tuple[Callable[[bytes, int], bytes], ...]] = (
    lambda body, at: body[: at % (len(body) + 1)],
    lambda body, at: body[at % (len(body) + 1) :],
    lambda body, at: body[: (place := at % (len(body) + 1))] + bytes([at * 7 % 256]) + body[place + 1 :],
    lambda body, at: b"\xef\xbb\xbf" + body if at % 2 else b"\xff\xfe" + body,
    lambda body, at: (b"[" if at % 2 else b'{"a":') * (at % 1_200) + body,
    lambda body, at: body + body[: at % (len(body) + 1)],
    _twice,
    _twice_behind,
)


def _damaged(body: bytes, edits: Sequence[tuple[int, int]]) -> bytes:
    for kind, at in edits:
        body = _DAMAGES[kind](body, at)
    return body
