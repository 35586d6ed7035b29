"""When the wait of a batch is over, and what it may not end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.faults import Retryable
from kraken_import.usecases.rounds import Round
from kraken_import.usecases.waiting import Why
from kraken_import.usecases.waits import Resumption, Wait

NOW = 1000.0


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def wait(
    loop: asyncio.AbstractEventLoop,
    *,
    why: Why | None = None,
    seconds: float = 10,
    lasts: float = 3600,
    **known: Any,
) -> Wait:
    return Wait(
        ref=BatchRef(wave_id=1, batch=2),
        until=NOW + lasts,
        resumption=None if why is None else Resumption(why=why, seconds=seconds),
        began=NOW,
        is_over=loop.create_future(),
        **known,
    )


def found(*, still_open: int | None, ended: int = 0) -> Round:
    return Round(
        ended=ended,
        parked=0,
        still_open=still_open,
        next_in=1,
        is_silent=False,
    )


@pytest.mark.parametrize(
    ("why", "after", "still_open", "ended", "is_over"),
    [
        ("doubt", 9, 3, 0, False),
        ("doubt", 10, 3, 0, True),
        # It may go on though Kraken had no time yet to be asked about what it has open.
        ("doubt", 10, None, 0, True),
        ("paused", 10, 3, 0, True),
        # A place is free at Kraken once something has ended there, or after two minutes.
        ("throttled", 10, 3, 0, False),
        ("throttled", 10, None, 0, False),
        ("throttled", 10, 3, 1, True),
        ("throttled", 9, 3, 1, False),
        ("throttled", 10, 0, 0, True),
        ("throttled", 129, 3, 0, False),
        ("throttled", 130, 3, 0, True),
    ],
)
def test_a_held_back_batch_goes_on_after_its_time(
    loop: asyncio.AbstractEventLoop,
    why: Why,
    after: float,
    still_open: int | None,
    ended: int,
    is_over: bool,
) -> None:
    held = wait(loop, why=why, still_open=still_open, ended=ended)
    held.judge(now=NOW + after, is_paused=None)
    assert not held.is_over.done()
    held.judge(now=NOW + after, is_paused=False)
    assert held.is_over.done() is is_over


def test_a_paused_batch_goes_on_once_it_is_resumed_and_not_before(loop: asyncio.AbstractEventLoop) -> None:
    paused = wait(loop, why="throttled", still_open=3)
    paused.judge(now=NOW + 500, is_paused=True)
    assert not paused.is_over.done()
    paused.judge(now=NOW + 1, is_paused=False)
    assert paused.is_over.done()


def test_a_batch_that_waits_for_ends_has_its_end_when_nothing_is_open(
    loop: asyncio.AbstractEventLoop,
) -> None:
    ends = wait(loop)
    ends.count(found=found(still_open=1, ended=2))
    ends.judge(now=NOW + 3599, is_paused=False)
    assert not ends.is_over.done()
    # A round that was full has not counted what is open: that is no end.
    ends.count(found=found(still_open=None, ended=4))
    assert not ends.is_over.done()
    ends.count(found=found(still_open=0, ended=1))
    assert ends.is_over.done()
    assert ends.ended == 7


def test_a_wait_whose_time_is_up_says_what_kept_it_from_polling(loop: asyncio.AbstractEventLoop) -> None:
    late, broken = wait(loop, lasts=5), wait(loop, lasts=5, hiccup=Retryable("The database is gone."))
    for each in (late, broken):
        each.judge(now=NOW + 5, is_paused=None)
    assert late.is_over.result() is None
    assert isinstance(broken.is_over.exception(), Retryable)
