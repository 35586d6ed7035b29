"""What is found out beside the pages: no page waits for it, and faults are survived."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import pytest

from kraken_import.console import kept
from kraken_import.console.kept import Kept


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it found out again at each look."""
    monkeypatch.setattr(kept, "_LEAST", 0.0)
    monkeypatch.setattr(kept, "_REST", 0.0)


def asked(known: Kept[int], find_out: Callable[[], int]) -> int | None:
    found = known.of(key="a wave", find_out=find_out, patience=0.01)
    return None if found is None else found.found


def until(known: Kept[int], find_out: Callable[[], int], wanted: int) -> None:
    end = time.monotonic() + 10
    while asked(known, find_out) != wanted:
        assert time.monotonic() < end


def test_a_page_waits_for_nothing_and_shows_what_was_known_before() -> None:
    known, go, began = Kept[int](), Event(), []

    def slow() -> int:
        began.append(1)
        go.wait(10)
        return 1

    assert [asked(known, slow) for _ in range(3)] == [None, None, None]
    assert len(began) == 1
    go.set()
    until(known, slow, 1)
    go.clear()
    began.clear()
    assert [asked(known, slow) for _ in range(3)] == [1, 1, 1]
    assert len(began) <= 1
    go.set()


def test_what_fails_keeps_what_was_known_and_is_tried_again() -> None:
    known = Kept[int]()

    def broken() -> int:
        raise ValueError("GB-000000001")

    assert asked(known, broken) is None
    until(known, lambda: 2, 2)
    assert asked(known, broken) == 2
    until(known, lambda: 3, 3)


def test_what_took_long_is_kept_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_REST", 1_000.0)
    known, numbers = Kept[int](), iter(range(10))

    def slow() -> int:
        time.sleep(0.05)
        return next(numbers)

    until(known, slow, 0)
    assert [asked(known, slow) for _ in range(5)] == [0] * 5


def test_only_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST", 2)
    known = Kept[int]()
    for key in range(5):
        assert known.of(key=key, find_out=lambda: 1, patience=10) is not None
    assert len(known._known) == 2


def test_what_cannot_be_found_out_is_known_to_have_failed_and_tried_after_its_own_time() -> None:
    known: Kept[int] = Kept(lasts=600.0, after_a_fault=0.0)
    tries: list[int] = []

    def broken() -> int:
        tries.append(1)
        raise ValueError("no")

    assert not known.has_failed(key="a wave")
    assert known.of(key="a wave", find_out=broken, patience=10) is None
    assert known.has_failed(key="a wave")
    assert known.of(key="a wave", find_out=broken, patience=10) is None
    assert len(tries) == 2
    until(known, lambda: 2, 2)
    assert not known.has_failed(key="a wave")
    assert [asked(known, broken) for _ in range(3)] == [2, 2, 2]
    assert len(tries) == 2
