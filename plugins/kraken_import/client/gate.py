"""Limits how many requests to a Kraken may be under way, how fast they may follow, and when they pause."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from kraken_import.client.answers import Answer, Throttled, Unknown

_LOOK_AGAIN: Final = 0.5
_INERTIA: Final = 0.1
_FORGETS: Final = 0.01
"""By so much of the difference the quickest request is forgotten with each that takes longer."""

LONG_PAUSE: Final = 5.0
"""Seconds: a request does not wait here for a longer pause."""


BOUNDS_MS: Final = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
"""Milliseconds up to which requests are counted together by how long they took."""
LONGER_MS: Final = 1_000_000
"""Stands for requests that took longer than the last of them."""
_BOUNDS: Final = (*BOUNDS_MS, LONGER_MS)


class GateClosed(Exception):
    """Kraken has asked for a pause of all requests, and `seconds` of it are left."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"Kraken asks for a pause of {seconds:.0f} s.")
        self.seconds = seconds


@dataclass(slots=True)
class Counted:
    """Requests of one kind that took about as long, and how many of them were answered 429."""

    calls: int = 0
    refused: int = 0


@dataclass(slots=True, kw_only=True)
class Seen:
    """How the requests of a period ended."""

    calls: int = 0
    refused: int = 0
    """Answers of 429, except to creates: those are about accounts and not about requests."""
    troubled: int = 0
    """Requests without an answer in time, and answers with a 5xx status."""
    seconds: float = 0.0
    """Total duration of all of them."""
    most: int = 0
    """The largest number of requests that were under way, waiting or expected at once."""
    of_creates: bool = False
    """Only creates were seen, whose refusal may have been for accounts."""
    took: dict[tuple[str, int], Counted] = field(default_factory=dict)
    """By operation, and by the milliseconds up to which they took, one of `BOUNDS_MS` or `LONGER_MS`."""

    @property
    def seconds_each(self) -> float:
        """Return the average duration of a request in seconds."""
        return self.seconds / self.calls if self.calls else 0.0


class Gate:
    """Lets requests pass while fewer than `places` are under way: `async with gate: …`.

    Belongs to one event loop. Every request is counted in `seen`, which the owner of the gate collects.
    """

    def __init__(self, *, places: int) -> None:
        self.short = asyncio.Event()
        """Set while requests wait for a place."""
        self._places = places
        self._lapses_at = math.inf
        self._interval = 0.0
        self._last_start = -math.inf
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._broken: Exception | None = None
        self._closed_until = -math.inf
        self._expected = 0
        self.seconds_each = 0.0
        """How long requests take, the latest counted most; 0 before the first."""
        self.soonest = 0.0
        """How long the quickest of the latest hundred or so took; 0 before the first."""
        self._seen = Seen()

    @property
    def places(self) -> int:
        """The number of requests that may be under way at once."""
        return self._places

    @property
    def most(self) -> int:
        """The largest number of requests that can be under way until it is opened again."""
        return max(self._places, self._under_way)

    def open(self, *, places: int, lapses_at: float = math.inf, per_second: float | None = None) -> None:
        """Let `places` requests pass at once and `per_second` a second, until `lapses_at` (loop's clock)."""
        self._places = places
        self._lapses_at = lapses_at
        # Until a rate has been given, no request passes.
        self._interval = 0.0 if per_second is None else math.inf if per_second <= 0 else 1 / per_second
        self._wake()

    @property
    def pause(self) -> float:
        """The seconds for which Kraken has asked for no requests at all."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    def close(self, *, seconds: float) -> None:
        """Let nothing pass for at least so many seconds, and tell waiting requests."""
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + seconds)
        if self.pause:
            self._turn_away(GateClosed(seconds=self.pause))

    @contextmanager
    def expecting(self, *, requests: int) -> Iterator[None]:
        """Count so many requests as needed meanwhile, though fewer come while there are fewer places."""
        self._expected += requests
        self._seen.most = max(self._seen.most, self._expected)
        try:
            yield
        finally:
            self._expected -= requests

    def break_down(self, *, error: Exception) -> None:
        """Raise this for every request that waits now or comes later."""
        self._broken = error
        self._turn_away(error)

    def saw(self, *, answer: Answer, seconds: float, is_create: bool, operation: str = "") -> None:
        """Count how a request ended; one without a named operation is not counted by how long it took."""
        seen = self._seen
        seen.calls += 1
        seen.seconds += seconds
        self.seconds_each += (seconds - self.seconds_each) * (_INERTIA if self.seconds_each else 1)
        self.soonest += (seconds - self.soonest) * (_FORGETS if seconds > self.soonest > 0 else 1)
        if operation:
            key = operation, _BOUNDS[min(bisect_left(_BOUNDS, 1_000 * seconds), len(_BOUNDS) - 1)]
            counted = seen.took.get(key)
            if counted is None:
                counted = seen.took[key] = Counted()
            counted.calls += 1
            counted.refused += isinstance(answer, Throttled)
        if isinstance(answer, Throttled):
            seen.refused += not is_create
            if not is_create and (answer.retry_after or 0.0) > LONG_PAUSE:
                self.close(seconds=answer.retry_after or 0.0)
        elif isinstance(answer, Unknown):
            seen.troubled += 1

    def take_seen(self) -> Seen:
        """Return what was counted since the last call, and begin again."""
        most = max(self._expected, self._under_way + len(self._waiting))
        seen, self._seen = self._seen, Seen(most=most)
        return seen

    def enter_now(self) -> bool:
        """Take a place if there is nothing to wait for, for `leave` to give back. Returns whether it did."""
        if self._broken is not None or self._closed_until > 0 or self._interval:
            return False
        if self._waiting or not self._has_place():
            return False
        self._count_in()
        return True

    def leave(self) -> None:
        """Give a place back."""
        self._under_way -= 1
        self._wake()

    async def __aenter__(self) -> Self:
        if self._broken is not None:
            raise self._broken
        if self._closed_until > 0 and self.pause:
            raise GateClosed(seconds=self.pause)
        if self._waiting or not self._has_place():
            await self._wait()
            self._count_in(places=0)
        else:
            self._count_in()
        if self._interval:
            try:
                await self._keep_pace()
            except BaseException:
                self.leave()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def _turn_away(self, error: Exception) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    def _has_place(self) -> bool:
        if self._under_way >= self._places:
            return False
        return self._lapses_at == math.inf or asyncio.get_running_loop().time() < self._lapses_at

    def _count_in(self, *, places: int = 1) -> None:
        self._under_way += places
        most = self._under_way + len(self._waiting)
        if most > self._seen.most:
            self._seen.most = most

    async def _wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self.short.set()
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # It was given a place at the same moment.
                self.leave()
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def _wake(self) -> None:
        while self._waiting and self._has_place():
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._under_way += 1
                waiter.set_result(None)
        if not self._waiting:
            self.short.clear()

    async def _keep_pace(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._broken is not None:
                raise self._broken
            if self.pause:
                raise GateClosed(seconds=self.pause)
            now = loop.time()
            # The pace may change while this request waits.
            wait = _LOOK_AGAIN
            if self._interval < math.inf and now < self._lapses_at:
                due = self._last_start + self._interval
                if due <= now:
                    # Idle time is not made up for.
                    self._last_start = max(due, now - self._interval)
                    return
                wait = min(wait, due - now)
            await asyncio.sleep(wait)
