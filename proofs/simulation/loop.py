"""An event loop in virtual time: it never waits, and it knows which simulated process runs.

What a process had under way when it was killed is never run again, what it does while it is stalled is
done afterwards. Work in threads is done in turns, one transaction at a time, in an order that the seed
chooses.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from greenlet import getcurrent, greenlet


class Crashed(BaseException):
    """The process was killed in the middle of what it did."""


class NothingLeft(Exception):
    """Every task waits, and nothing will ever happen; or things happen again and again without an end."""


class Ends(Protocol):
    """What a process holds of the world: ended by others when it is killed."""

    def vanish(self) -> None:
        """End it as a kernel does for a process that is gone."""


@dataclass(slots=True, eq=False)
class Process:
    """A process of the pipeline.

    After `crash_after` of its steps it is killed, after `stall_after` it stands still for `stall_seconds`.
    """

    loop: VirtualLoop
    name: str
    crash_after: int | None = None
    stall_after: int | None = None
    stall_seconds: float = 0.0
    is_dead: bool = False
    stalled_until: float = 0.0
    steps: int = 0
    holds: dict[Ends, None] = field(default_factory=dict)
    waiting: list[asyncio.Handle] = field(default_factory=list)
    """What it does once it no longer stands still."""
    killed: asyncio.Future[None] = field(init=False)
    stalled: asyncio.Future[None] = field(init=False)
    on_kill: Callable[[Process], None] | None = None
    on_stall: Callable[[Process], None] | None = None

    def __post_init__(self) -> None:
        """Let others wait for its end."""
        self.killed = self.loop.create_future()
        self.stalled = self.loop.create_future()

    def count(self) -> None:
        """Count a step. Raises `Crashed` when it is the last."""
        if self.is_dead:
            raise Crashed
        self.steps += 1
        if self.crash_after is not None and self.steps >= self.crash_after:
            self.kill()
            raise Crashed
        if self.steps == self.stall_after and self.stalled_until <= self.loop.time():
            self.stall()

    def kill(self) -> None:
        """End it at once: nothing of it runs again, and what it holds vanishes."""
        if self.is_dead:
            return
        self.is_dead = True
        for held in tuple(self.holds):
            held.vanish()
        self.holds.clear()
        if self.on_kill is not None:
            self.on_kill(self)
        if not self.killed.done():
            self.killed.set_result(None)

    def stall(self) -> None:
        """Let it do nothing for a while from its next step on, as a machine that is suspended."""
        self.stalled_until = self.loop.time() + self.stall_seconds
        if not self.stalled.done():
            self.stalled.set_result(None)
        if self.on_stall is not None:
            self.on_stall(self)
        run_in(None, lambda: self.loop.call_at(self.stalled_until, self._go_on))

    def _go_on(self) -> None:
        if self.stalled_until <= self.loop.time():
            self.loop.run_soon(self.waiting)
            self.waiting = []


_MOST_TURNS: Final = 60_000
"""A history takes some five thousand."""

PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)


def run_in(process: Process | None, work: Callable[[], Any]) -> Any:
    """Run something as a part of this process, or as a part of the world around them all."""
    context = contextvars.copy_context()
    context.run(PROCESS.set, process)
    return context.run(work)


class VirtualLoop(asyncio.BaseEventLoop):
    """See the module. `latency` draws how long a turn in a thread takes to come."""

    _selector: _Leap
    _ready: Any
    _scheduled: Any

    def __init__(self, *, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng
        self.now = 0.0
        self.connect: Callable[[Callable[[], asyncio.BaseProtocol]], asyncio.Transport] | None = None
        self.reach: Callable[[], None] = lambda: None
        self.check: Callable[[], None] = lambda: None
        self.tasks: list[asyncio.Task[Any]] = []
        self.threads: list[_Thread] = []
        self.owners: dict[int, Process | None] = {}
        """The processes of futures, by number: a reference would keep asyncio from telling of an error."""
        self._selector = _Leap(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the history began."""
        return self.now

    def latency(self) -> float:
        """Draw the seconds until something small has been done."""
        if self.rng.random() < 0.01:
            return self.rng.uniform(0.1, 2.0)
        return self.rng.expovariate(1 / 0.006)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run it next."""
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def run_soon(self, handles: list[asyncio.Handle]) -> None:
        """Run these next, in their order."""
        self._ready.extend(handles)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run it at a virtual time."""
        timer = _Timer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run it after so many virtual seconds."""
        return self.call_at(self.now + delay, callback, *args, context=context)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        """Create a task, of the process that runs even where it gets a context of its own."""
        context = options.get("context")
        if context is not None and PROCESS not in context:
            context.run(PROCESS.set, PROCESS.get())
        task = super().create_task(coro, **options)
        # Those of killed processes stay pending on purpose.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self.tasks.append(task)
        return task

    def create_future(self) -> asyncio.Future[Any]:
        """A future of the process at work."""
        future = super().create_future()
        self.owners[id(future)] = PROCESS.get()
        return future

    def run_in_executor(  # type: ignore[override]
        self, _: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do it in turns with all that is done in other threads."""
        future = self.create_future()
        process = PROCESS.get()
        if process is None or not process.is_dead:
            thread = _Thread(loop=self, future=future, work=partial(func, *args))
            self.threads.append(thread)
            self.call_later(self.latency(), thread.take_turn)
        return future

    async def sock_connect(self, *_: Any) -> None:
        """Reach the only host that there is."""
        await asyncio.sleep(self.latency())
        self.reach()

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *_: Any, sock: Any, **__: Any
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect to it."""
        assert self.connect is not None
        sock.close()
        transport = self.connect(protocol_factory)
        return transport, transport.get_protocol()

    def discard(self) -> None:
        """Forget all that still waits, without letting it run."""
        for task in self.tasks:
            if not task.done():
                coroutine = task.get_coro()
                # What is in its way is of a process that is gone.
                with suppress(BaseException):
                    coroutine.close()
        for thread in self.threads:
            thread.end()
        self.tasks.clear()
        self.threads.clear()
        self._ready.clear()
        self._scheduled.clear()
        self.close()

    def _process_events(self, event_list: Any) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """There is no other thread to wake this one."""


class _Leap:
    """Stands where a selector would wait: lets the time pass at once."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        """Pass the time until the next timer."""
        self._turns += 1
        if timeout is None or self._turns > _MOST_TURNS:
            raise NothingLeft
        self._loop.now += timeout
        return []


def _may_run(handle: asyncio.Handle) -> bool:
    """Whether the handle's process is there to run it; one that is stalled runs it later."""
    process = handle._context.get(PROCESS)  # type: ignore[attr-defined]
    if process is None:
        return True
    if process.is_dead:
        return False
    if process.stalled_until > process.loop.now:
        process.waiting.append(handle)
        return False
    try:
        process.count()
    except Crashed:
        return False
    return True


class _Handle(asyncio.Handle):
    """Runs as long as its process is there to run it."""

    __slots__ = ()
    _loop: VirtualLoop

    def _run(self) -> None:
        if not self.cancelled() and _may_run(self):
            super()._run()
            self._loop.check()


class _Timer(_Handle, asyncio.TimerHandle):
    __slots__ = ()


class _Thread(greenlet):  # type: ignore[misc]
    """Work that a thread would do: it gives way between two transactions, and goes on in a later turn."""

    def __init__(self, *, loop: VirtualLoop, future: asyncio.Future[Any], work: Callable[[], Any]) -> None:
        super().__init__(self._do)
        self._loop = loop
        self._future = future
        self._work = work
        self._error: BaseException | None = None
        self._result: Any = None

    def take_turn(self) -> None:
        """Go on until the next time that it gives way, or to its end."""
        self.parent = getcurrent()
        self.switch()
        if not self.dead:
            self._loop.call_later(self._loop.latency(), self.take_turn)
        elif not self._future.done() and not isinstance(self._error, Crashed):
            if self._error is None:
                self._future.set_result(self._result)
            else:
                self._future.set_exception(self._error)

    def end(self) -> None:
        """Let go of it where it stands."""
        if self and not self.dead:
            self.parent = getcurrent()
            self.throw()

    def _do(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001
            # As an executor does: it is the caller's.
            self._error = error


def give_way() -> None:
    """Let others have a turn, where this is work in a thread."""
    current = getcurrent()
    if isinstance(current, _Thread) and current.parent is not None:
        current.parent.switch()


class CooperativeLock:
    """A lock among threads that take turns."""

    def __init__(self) -> None:
        self._is_held = False

    def __enter__(self) -> None:
        while self._is_held:
            give_way()
        self._is_held = True

    def __exit__(self, *_: object) -> None:
        self._is_held = False
