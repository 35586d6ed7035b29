"""One poller for each process and Kraken: it asks on behalf of all waiting batches, over one session.

It lives as long as a batch waits. Batches that are due take turns, the longest due first, each with some of
its records, so that no batch is served at the expense of the others. A batch keeps its place in the queue.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import logging
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from kraken_import.client.session import KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import waves
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.calling import open_session
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.rounds import Round, ask_due, wave_of
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import sit_out_silence, wait_out
from kraken_import.usecases.waits import Resumption, Voice, Wait
from transforms.database import DatabaseInterrupted

_log = logging.getLogger(__name__)

_Key: TypeAlias = tuple[asyncio.AbstractEventLoop, str, str, Engine]
_T = TypeVar("_T")

HICCUPS: Final = (Retryable, DatabaseInterrupted, OperationalError)
"""Faults that pass by themselves: a failure to poll says nothing about the imports."""

TRY_AGAIN_AFTER: Final = 10.0
"""Seconds after which a wait that met a temporary fault is tried again."""

_LOOK_AGAIN: Final = 2.0
"""Seconds after which paused waves are looked at again."""
_READ_AGAIN: Final = 60.0
"""Seconds after which the Connection is read again: by then it may have another token, limit or host."""
_LONGEST_PAUSE: Final = 75.0
"""Seconds after which every open record must be due."""

_MOST_ROUNDS: Final = 16
_REQUESTS_OF_A_ROUND: Final = 2
"""As many rounds run at once as keep the requests in flight busy, even if each has few records due."""

_LEAST_RECORDS: Final = 100
_MANY_RECORDS: Final = 500
_MOST_RECORDS: Final = 1_000
"""Records of one round: many where few batches wait, most where Kraken answers quickly, and few otherwise, so
that each batch has its turn soon."""

_END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


def records_of_round(*, session: KrakenSession, waits: int) -> int:
    """Return how many records of a batch to ask about in one round, where so many batches wait.

    Each round reads all that its batch has open, so few large ones cost less. A round may be as large as lets
    every waiting batch have its turn within the seconds of a chunk.
    """
    waits = max(1, waits)
    soon = session.chunk(rounds=1, most=_MOST_RECORDS * waits)
    return max(_LEAST_RECORDS, min(_MOST_RECORDS, max(_MANY_RECORDS, soon) // waits))


class Poller:
    """Polls for the waits in `wait` and `wait_out`; ends with the last of them, and closes its session."""

    def __init__(self, *, systems: Systems, key: _Key) -> None:
        self._systems = systems
        self._wanted: Systems | None = None
        """The Connection's new settings, used once no round is under way."""
        self._key = key
        self._members = 0
        self._waits: dict[Wait, None] = {}
        """In the order in which they came."""
        self._queue: list[tuple[float, int, Wait]] = []
        self._numbers = itertools.count()
        self._asking: set[Wait] = set()
        """Those with a round under way."""
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._due = asyncio.Event()
        self._joined = asyncio.Event()
        self._sessions: dict[int | None, KrakenSession] = {}
        """By the wave's own number of requests in flight, which rarely differs from the Connection's."""
        self._opening = asyncio.Lock()
        self._exits = AsyncExitStack()
        self._silence: asyncio.Task[None] | None = None
        self._outage: asyncio.Task[None] | None = None
        self._listeners: list[Voice] = []
        self._said: str | None = None

    @classmethod
    def of(cls, *, systems: Systems, connection_id: str) -> Poller:
        """Return the poller of this event loop for this Kraken, Connection and tracking database."""
        key = (asyncio.get_running_loop(), systems.kraken.target, connection_id, systems.tracking)
        poller = _POLLERS.get(key)
        if poller is None:
            poller = _POLLERS[key] = cls(systems=systems, key=key)
        poller.renew(systems=systems)
        return poller

    def renew(self, *, systems: Systems) -> None:
        """Continue with these settings, if they differ, once the rounds under way have ended."""
        is_same = _comparable(systems.kraken) == _comparable(self._systems.kraken)
        self._wanted = None if is_same else replace(self._systems, kraken=systems.kraken)
        self._due.set()

    async def wait(self, *, ref: BatchRef, until: datetime, resumption: Resumption | None) -> Wait:
        """Poll the batch until all of it has ended, until `until`, or until it may go on creating.

        Returns the finished wait. Raises `SystemicFault`, and a temporary fault that lasts until `until`.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        wait = Wait(
            ref=ref,
            until=now + (until - self._systems.clock()).total_seconds(),
            resumption=resumption,
            began=now,
            is_over=loop.create_future(),
        )
        async with self._taking_part():
            self._waits[wait] = None
            try:
                # A batch that has just come is looked at first, whatever else is due.
                self._enqueue(wait, at=0.0)
                self._joined.set()
                await wait.is_over
            finally:
                self._waits.pop(wait, None)
        return wait

    async def wait_out(self, *, wave: Wave) -> None:
        """Wait until the outage of this Kraken is over, may be tried by a create, or is given up."""
        voice = Voice()
        async with self._taking_part():
            if self._outage is None:
                self._outage = self._begin(
                    wait_out(systems=self._systems, wave=wave, tell=self._tell_of_outage)
                )
                self._outage.add_done_callback(self._outage_over)
            elif self._said is not None:
                voice.say(self._said)
            self._listeners.append(voice)
            try:
                await asyncio.shield(self._outage)
            finally:
                self._listeners.remove(voice)

    @asynccontextmanager
    async def _taking_part(self) -> AsyncIterator[None]:
        if not self._members:
            for service in (self._ask(), self._watch(), self._read_again()):
                self._begin(service).add_done_callback(self._service_over)
        self._members += 1
        try:
            yield
        finally:
            self._members -= 1
            if not self._members:
                # Before anything is awaited: waits that come from now on get a new poller.
                self._forget()
                await self._close()

    async def _close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._exits.aclose()

    def _begin(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        # In a separate context: it does not belong to the task that came first, and may outlive it.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def _service_over(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._forget()
            for wait in self._waits:
                wait.fail(error)

    def _forget(self) -> None:
        if _POLLERS.get(self._key) is self:
            del _POLLERS[self._key]

    async def _ask(self) -> None:
        """Hold rounds for the batches that are due, as many at once as are worthwhile."""
        while True:
            self._due.clear()
            if self._wanted is not None and not self._asking:
                await self._reopen(self._wanted)
            await _until(self._due, seconds=self._begin_rounds())

    def _begin_rounds(self) -> float | None:
        """Begin the rounds that are due. Returns the seconds to the next, or None if an event will tell."""
        now = asyncio.get_running_loop().time()
        most = max(1, min(_MOST_ROUNDS, self._systems.kraken.requests_in_flight // _REQUESTS_OF_A_ROUND))
        while self._queue and len(self._asking) < most and self._silence is None and self._wanted is None:
            due, _, wait = self._queue[0]
            if due > now and not wait.is_over.done():
                return due - now
            heapq.heappop(self._queue)
            if not wait.is_over.done():
                self._asking.add(wait)
                self._begin(self._round(wait)).add_done_callback(partial(self._round_over, wait))
        return None

    def _enqueue(self, wait: Wait, *, at: float) -> None:
        heapq.heappush(self._queue, (at, next(self._numbers), wait))
        self._due.set()

    async def _round(self, wait: Wait) -> tuple[Wave, Round]:
        """Hold one round. Returns the wave and the result."""
        wave = await asyncio.to_thread(wave_of, systems=self._systems, ref=wait.ref.wave)
        session = await self._session(wave)
        most = records_of_round(session=session, waits=len(self._waits))
        found = await ask_due(systems=self._systems, session=session, wave=wave, ref=wait.ref, most=most)
        return wave, found

    def _round_over(self, wait: Wait, task: asyncio.Task[tuple[Wave, Round]]) -> None:
        self._asking.discard(wait)
        if task.cancelled():
            return
        error = task.exception()
        pause = TRY_AGAIN_AFTER
        if error is None:
            wave, found = task.result()
            wait.count(found=found)
            # Behind all that are due already, so that a batch with many due records does not hold up the
            # others.
            pause = _LONGEST_PAUSE if found.next_in is None else found.next_in
            if found.is_silent:
                self._sit_out(wave)
        elif isinstance(error, SystemicFault):
            self._fail_wave(wait, error)
        elif isinstance(error, HICCUPS):
            wait.hiccup = error
            wait.voice.warn(error)
        else:
            wait.fail(error)
            # It may be a session that has broken down for good.
            self._wanted = self._wanted or self._systems
        self._enqueue(wait, at=asyncio.get_running_loop().time() + min(pause, _LONGEST_PAUSE))

    def _fail_wave(self, wait: Wait, fault: SystemicFault) -> None:
        """End the waits of one wave, or of one rerun in it: the rest of it cannot be asked about either.

        A wait with a round under way meets the fault itself: its round may be the one that stopped the wave,
        which its trigger then says.
        """
        wait.fail(fault)
        for other in self._waits.keys() - self._asking:
            if other.ref.wave == wait.ref.wave:
                other.fail(SystemicFault(code=fault.code, reason=fault.reason))

    async def _session(self, wave: Wave) -> KrakenSession:
        async with self._opening:
            key = wave.requests_in_flight
            if key not in self._sessions:
                session = open_session(systems=self._systems, wave=wave)
                self._sessions[key] = await self._exits.enter_async_context(session)
            return self._sessions[key]

    async def _reopen(self, systems: Systems) -> None:
        if systems.kraken.target != self._systems.kraken.target:
            # Their waves went elsewhere, and are told at once. While no round is held, all are in the queue.
            self._queue = [(0.0, next(self._numbers), wait) for wait in self._waits]
        self._systems = systems
        self._wanted = None
        self._sessions.clear()
        await self._exits.aclose()

    async def _read_again(self) -> None:
        while True:
            await asyncio.sleep(_READ_AGAIN)
            (found,) = await asyncio.gather(self._systems.refresh(), return_exceptions=True)
            if isinstance(found, KrakenSettings):
                self.renew(systems=replace(self._systems, kraken=found))
            else:
                _log.warning(
                    "The Connection could not be read again (%s): polling goes on as before, and it is read "
                    "once more in %.0f s.",
                    type(found).__name__,
                    _READ_AGAIN,
                )

    async def _watch(self) -> None:
        """End the waits whose time has come, or whose wave was resumed: one query for all of them."""
        while True:
            self._joined.clear()
            refs = {wait.ref.wave for wait in self._waits if wait.resumption is not None}
            paused: Collection[WaveRef] | None = None
            # A record that Kraken does not answer about cannot be known to have ended.
            if refs and self._silence is None:
                with suppress(*HICCUPS):
                    paused = await asyncio.to_thread(self._paused, refs)
            now = asyncio.get_running_loop().time()
            for wait in self._waits:
                is_known = paused is not None and wait.ref.wave in refs
                wait.judge(now=now, is_paused=wait.ref.wave in (paused or ()) if is_known else None)
            times = [time for wait in self._waits for time in (wait.until, wait.resume_at) if time > now]
            await _until(self._joined, seconds=min([_LOOK_AGAIN, *(time - now for time in times)]))

    def _paused(self, refs: Collection[WaveRef]) -> frozenset[WaveRef]:
        with self._systems.tracking.connect() as connection:
            return waves.paused(connection=connection, refs=refs)

    def _sit_out(self, wave: Wave) -> None:
        if self._silence is None:
            self._silence = self._begin(
                sit_out_silence(systems=self._systems, wave=wave, until=_END_OF_TIME, tell=self._tell)
            )
            self._silence.add_done_callback(self._silence_over)

    def _silence_over(self, task: asyncio.Task[None]) -> None:
        self._silence = None
        # Whatever went wrong, the next round meets it too.
        if not task.cancelled():
            task.exception()
        self._due.set()

    def _outage_over(self, task: asyncio.Task[None]) -> None:
        self._outage = self._said = None
        # The last of those that waited may have gone.
        if not task.cancelled():
            task.exception()

    def _tell(self, sentence: str) -> None:
        for wait in self._waits:
            wait.voice.say(sentence)

    def _tell_of_outage(self, sentence: str) -> None:
        self._said = sentence
        for voice in self._listeners:
            voice.say(sentence)


async def _until(event: asyncio.Event, *, seconds: float | None) -> None:
    """Wait for an event, for at most so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _comparable(settings: KrakenSettings) -> KrakenSettings:
    """Return the settings without the policies, which are read where a wave is planned."""
    return replace(settings, policies={})


_POLLERS: Final[dict[_Key, Poller]] = {}
