"""A machine that is suspended in the middle of a create, and wakes up after its time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
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
    """Create in a process that stands still after so many turns of its loop; the answer, and its time."""
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
