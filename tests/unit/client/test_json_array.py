"""A listing is read object by object, however its bytes are cut."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.client.json_array import BrokenArray, JsonArray

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
# Braces, quotes and backslashes inside of texts are what a careless reader stumbles over.
awkward = st.text(alphabet='{}[]",\\: a€')
entries = st.lists(st.dictionaries(awkward, values | awkward, max_size=4), max_size=6)


def read(chunks: Iterable[bytes]) -> list[dict[str, Any]]:
    array = JsonArray()
    found = [entry for chunk in chunks for entry in array.feed(chunk=chunk)]
    array.close()
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(
    wanted=entries,
    places=st.lists(st.integers(0, 10_000), max_size=30),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
)
def test_every_array_is_read_whole_however_it_is_cut(
    wanted: list[dict[str, Any]], places: list[int], indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(wanted, indent=indent, ensure_ascii=ascii_only).encode()
    assert read(cut(data, places)) == wanted
    assert read(bytes([byte]) for byte in data) == wanted


@given(wanted=entries, places=st.lists(st.integers(0, 10_000), max_size=5), end=st.integers(0, 10_000))
def test_an_array_that_breaks_off_is_never_taken_for_whole(
    wanted: list[dict[str, Any]], places: list[int], end: int
) -> None:
    data = json.dumps(wanted).encode()
    with pytest.raises(BrokenArray):
        read(cut(data[: end % len(data)], places))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{}",
        "null",
        "[1]",
        '["a"]',
        "[{},]",
        "[,{}]",
        "[{} {}]",
        "[{}]]",
        "[{}] x",
        "[[]]",
        "[{a: 1}]",
        "<html>",
    ],
)
def test_bytes_that_are_not_an_array_of_objects_are_refused(data: str) -> None:
    with pytest.raises(BrokenArray):
        read([data.encode()])


def test_memory_is_bounded_by_one_object() -> None:
    array = JsonArray()
    array.feed(chunk=b"[")
    with pytest.raises(BrokenArray, match="longer than"):
        array.feed(chunk=b'{"a": "' + b"x" * 65_536)
    array = JsonArray()
    array.feed(chunk=b"[")
    for _ in range(20_000):
        assert len(array.feed(chunk=b'{"external_account_number": "1"},')) == 1
        assert len(array._rest) < 100


def test_an_object_full_of_braces_is_read_in_time_in_however_many_chunks_it_arrives() -> None:
    """The texts hold 60,000 braces, each of which might be the object's end."""
    braces = "}" * 30_000
    entries = [{"a": braces, "b": {"c": braces}, "d": '\\"}'}] * 5
    data = json.dumps(entries).encode()
    began = time.process_time()
    assert read([data]) == read([data[at : at + 7] for at in range(0, len(data), 7)]) == entries
    assert time.process_time() - began < 2


def test_blanks_without_end_are_passed_over_in_time() -> None:
    began = time.process_time()
    assert read([b"[", *[b" " * 1_000_000] * 20, b"]"]) == []
    assert time.process_time() - began < 1


def test_an_object_that_is_too_long_is_refused_in_one_chunk_as_in_many() -> None:
    data = json.dumps([{"a": "}" * 70_000}]).encode()
    for chunks in ([data], [data[at : at + 1_000] for at in range(0, len(data), 1_000)]):
        with pytest.raises(BrokenArray, match="longer than"):
            read(chunks)
