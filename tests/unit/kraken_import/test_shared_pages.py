"""Pages that are shared: whose they are, how long they last, and what is read at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from kraken_import.console import shared
from kraken_import.console.access import Act
from kraken_import.console.shared import SharedPages, Witness

HERE = ("", "/tracking/waves", b"")
PATIENCE = 10.0


@dataclass(kw_only=True)
class Reader:
    """A user who reads these dialects, and counts what is asked about it."""

    name: str = "ann"
    reads: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def may_read(self, *, dialect: str) -> bool:
        self.asked.append(dialect)
        return dialect in self.reads

    def may(self, *, act: Act, dialect: str | None) -> bool:
        return False

    def may_see_personal_data(self, *, dialect: str) -> bool:
        return False


def make(
    text: str = "a page", *, at: int = 1, dialects: tuple[str, ...] = ()
) -> Callable[..., tuple[bytes, int]]:
    """Return how to make a page that asks about these dialects."""

    def made(witness: Witness) -> tuple[bytes, int]:
        said = [each for each in dialects if witness.may_read(dialect=each)]
        return f"{text} of {','.join(said)}".encode(), at

    return made


def shown(
    known: SharedPages, caller: Reader, made: Callable[..., tuple[bytes, int]], *, after: int = 0
) -> str:
    return known.page(address=HERE, caller=caller, shown=after, make=made).body.decode()


def test_a_page_is_shown_to_those_who_answer_all_that_it_asked_alike() -> None:
    known = SharedPages()
    both = make(dialects=("edf", "plenitude"))
    assert shown(known, Reader(reads=frozenset({"edf"})), both) == "a page of edf"
    other = make("another page", dialects=("edf", "plenitude"))
    assert shown(known, Reader(name="bea", reads=frozenset({"edf", "unasked"})), other) == "a page of edf"
    assert shown(known, Reader(reads=frozenset({"plenitude"})), other) == "another page of plenitude"
    assert shown(known, Reader(), other) == "another page of "
    # Each of them is kept beside the others.
    assert shown(known, Reader(reads=frozenset({"edf"})), other) == "a page of edf"


def test_a_page_that_asks_for_the_name_is_shown_to_no_other() -> None:
    known = SharedPages()

    def named(witness: Witness) -> tuple[bytes, int]:
        return f"for {witness.name}".encode(), 1

    assert [shown(known, Reader(name=each), named) for each in ("ann", "bea", "ann")] == [
        "for ann",
        "for bea",
        "for ann",
    ]


def test_no_page_is_followed_by_an_older_one() -> None:
    known = SharedPages()
    assert shown(known, Reader(), make("old", at=5), after=5) == "old of "
    assert shown(known, Reader(), make("new", at=7), after=6) == "new of "
    assert shown(known, Reader(), make("newer", at=8), after=0) == "new of "


def test_what_was_read_before_something_was_written_is_not_kept() -> None:
    known, began, go = SharedPages(), Event(), Event()

    def slow(_: Witness) -> tuple[bytes, int]:
        began.set()
        assert go.wait(PATIENCE)
        return b"before", 1

    with ThreadPoolExecutor() as threads:
        first = threads.submit(shown, known, Reader(), slow)
        assert began.wait(PATIENCE)
        known.forget()
        # Nor does one who asks afterwards wait for it.
        assert shown(known, Reader(), make("after")) == "after of "
        go.set()
        assert first.result(PATIENCE) == "before"
    assert shown(known, Reader(), make("later")) == "after of "
    known.forget()
    assert shown(known, Reader(), make("later")) == "later of "


def test_users_who_may_see_other_things_do_not_wait_for_one_another() -> None:
    known, both = SharedPages(), Event()
    assert shown(known, Reader(), make(dialects=("edf",))) == "a page of "
    known.forget()
    met: list[int] = []

    def together(witness: Witness) -> tuple[bytes, int]:
        witness.may_read(dialect="edf")
        met.append(1)
        if len(met) == 2:
            both.set()
        assert both.wait(PATIENCE)
        return b"a page", 1

    with ThreadPoolExecutor() as threads:
        readers = [Reader(), Reader(reads=frozenset({"edf"}))]
        asked = [threads.submit(shown, known, each, together) for each in readers * 3]
        assert {each.result(PATIENCE) for each in asked} == {"a page"}
    assert len(met) == 2


def test_a_fault_is_told_to_those_who_waited_and_may_see_the_same_and_is_not_kept() -> None:
    known, began, go = SharedPages(), Event(), Event()

    def broken(witness: Witness) -> tuple[bytes, int]:
        witness.may_read(dialect="edf")
        began.set()
        assert go.wait(PATIENCE)
        raise ValueError("no")

    with ThreadPoolExecutor() as threads:
        first = threads.submit(shown, known, Reader(), broken)
        assert began.wait(PATIENCE)
        alike = threads.submit(shown, known, Reader(), make("not made"))
        other = threads.submit(shown, known, Reader(reads=frozenset({"edf"})), make("own"))
        while len(known._readings) != 1 or not began.is_set():
            time.sleep(0.01)
        time.sleep(0.2)
        go.set()
        assert isinstance(first.exception(PATIENCE), ValueError)
        assert isinstance(alike.exception(PATIENCE), ValueError)
        assert other.result(PATIENCE) == "own of "
    known.forget()
    assert shown(known, Reader(), make("again")) == "again of "
    assert known._readings == {}


def test_a_page_lasts_its_time_and_longer_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "CURRENT", 0.05)
    monkeypatch.setattr(shared, "_REST", 0.0)
    known = SharedPages()
    assert shown(known, Reader(), make("old")) == "old of "
    time.sleep(0.06)
    assert shown(known, Reader(), make("new")) == "new of "
    monkeypatch.setattr(shared, "_REST", 100.0)
    known.forget()

    def slow(_: Witness) -> tuple[bytes, int]:
        time.sleep(0.05)
        return b"slow", 1

    assert shown(known, Reader(), slow) == "slow"
    time.sleep(0.1)
    assert shown(known, Reader(), make("new")) == "slow"


def test_what_is_kept_does_not_grow_with_the_addresses_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "CURRENT", 0.0)
    monkeypatch.setattr(shared, "_REST", 0.0)
    monkeypatch.setattr(shared, "_MOST", 5)
    known = SharedPages()
    for number in range(20):
        address = ("", "/tracking/waves", str(number).encode())
        known.page(address=address, caller=Reader(), shown=0, make=make())
    assert len(known._pages) <= 1
    assert len(known._questions) == 5
