"""A machine that is suspended in the middle of a create, and wakes up after its time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from kraken_import.client.answers import NotSent
from tests.integration.client.talking import talk_to

pytestmark = pytest.mark.timeout(60)

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
WITHIN = 0.15
SUSPENDED = 0.25


@dataclass(kw_only=True)
class Listener:
    """A server in a thread of its own, which knows when a create's body came."""

    url: str
    came_at: list[float] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(url=f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    received = b""
                    while b"EXTERNAL-1" not in received:
                        if not (part := client.recv(65_536)):
                            break
                        received += part
                    else:
                        listener.came_at.append(time.monotonic())
                        client.sendall(
                            b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                        )

        threading.Thread(target=serve, daemon=True).start()
        yield listener


async def create(url: str, turns: int) -> tuple[object, float]:
    """Create in a process that stops after so many turns of its loop. Returns the answer, and its time."""
    async with talk_to(url, tries=1) as talk:
        not_after = asyncio.get_running_loop().time() + WITHIN
        creating = asyncio.create_task(talk.create(within=WITHIN))
        for _ in range(turns):
            await asyncio.sleep(0)
        time.sleep(SUSPENDED)  # noqa: ASYNC251
        return (await creating).answer, not_after


def test_no_create_leaves_after_its_time_wherever_its_process_stood_still() -> None:
    late = 0
    for turns in range(1, 13):
        with listening() as listener:
            answer, not_after = asyncio.run(create(listener.url, turns))
        assert all(came_at <= not_after + 0.05 for came_at in listener.came_at), turns
        if isinstance(answer, NotSent):
            late += 1
            assert not listener.came_at
    assert late, "No process stood still before its create had left."


async def create_while_it_sleeps(url: str, turns: int, clock: SleepingClock) -> tuple[object, float]:
    """Create on a machine suspended after so many turns of its loop. Returns the answer, and when it woke."""
    async with talk_to(url, tries=1) as talk:
        creating = asyncio.create_task(talk.create(within=30))
        for _ in range(turns):
            await asyncio.sleep(0)
        clock.slept, woke_at = 60.0, time.monotonic()
        return (await creating).answer, woke_at


@dataclass(kw_only=True)
class SleepingClock:
    """The clocks of a machine: one of them goes on while it is suspended."""

    read: Callable[[int], float]
    slept: float = 0.0

    def __call__(self, clock: int) -> float:
        return self.read(clock) + (self.slept if clock == time.CLOCK_BOOTTIME else 0.0)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="no clock tells how long the machine slept")
def test_no_create_leaves_after_its_time_on_a_machine_that_was_suspended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, read = 0, time.clock_gettime
    for turns in range(1, 13):
        clock = SleepingClock(read=read)
        monkeypatch.setattr(time, "clock_gettime", clock)
        with listening() as listener:
            answer, woke_at = asyncio.run(create_while_it_sleeps(listener.url, turns, clock))
        assert all(came_at <= woke_at + 0.05 for came_at in listener.came_at), turns
        if isinstance(answer, NotSent):
            late += 1
            assert not listener.came_at
    assert late, "No machine slept before its create had left."
