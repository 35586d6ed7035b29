"""A network in memory: connections of the client's aiohttp to a server of uvicorn's, in virtual time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from proofs.simulation.loop import PROCESS, VirtualLoop


class Network:
    """Leads every connection to one server."""

    def __init__(self, *, loop: VirtualLoop, app: Any) -> None:
        self._loop = loop
        self._config = Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=75,
        )
        self._config.load()
        self._state = ServerState()
        self.is_down = False
        loop.connect = self.connect
        loop.reach = self.reach

    def reach(self) -> None:
        """Refuse the connection while the host is down."""
        if self.is_down:
            raise ConnectionRefusedError

    def connect(self, protocol_factory: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        """A connection of the process that runs."""
        mine = contextvars.copy_context()
        world = contextvars.copy_context()
        world.run(PROCESS.set, None)
        server = HttpToolsProtocol(
            config=self._config, server_state=self._state, app_state={}, _loop=self._loop
        )
        here = _End(loop=self._loop, protocol=protocol_factory(), context=mine)
        there = _End(loop=self._loop, protocol=server, context=world)
        here.peer, there.peer = there, here
        process = PROCESS.get()
        if process is not None:
            process.holds[here] = None
        world.run(server.connection_made, there)
        here.get_protocol().connection_made(here)
        return here


class _End(asyncio.Transport):
    """One end of a connection. What is written arrives at the other after a while, in its order."""

    peer: _End

    def __init__(
        self, *, loop: VirtualLoop, protocol: asyncio.BaseProtocol, context: contextvars.Context
    ) -> None:
        super().__init__({"peername": ("127.0.0.1", 80), "sockname": ("127.0.0.1", 1)})
        self._loop = loop
        self._protocol: Any = protocol
        self._context = context
        self._is_closing = False
        self._is_lost = False
        self._is_paused = False
        self._waiting: list[Callable[[], None]] = []
        self._arrives_at = 0.0

    def write(self, data: Any) -> None:
        """Send it on its way."""
        if not self._is_closing:
            content = bytes(data)
            self.peer.expect(lambda: self.peer.receive(content))

    def close(self) -> None:
        """Close the connection after what was written."""
        if not self._is_closing:
            self._is_closing = True
            self.peer.expect(lambda: self.peer.lose(None))
            self._loop.call_soon(self._gone, None, context=self._context)

    def abort(self) -> None:
        """Close it at once: the other end sees an end, or a reset."""
        if not self._is_closing:
            self._is_closing = True
            self.peer.expect(lambda: self.peer.lose(self.peer.draw_loss()))
            self._loop.call_soon(self._gone, None, context=self._context)

    def vanish(self) -> None:
        """Close it for a process that is gone."""
        if not self._is_closing:
            self._is_closing = self._is_lost = True
            self.peer.expect(lambda: self.peer.lose(self.peer.draw_loss()))

    def draw_loss(self) -> Exception | None:
        """How this end learns of a connection that was torn off."""
        return ConnectionResetError() if self._loop.rng.random() < 0.5 else None

    def expect(self, arrival: Callable[[], None]) -> None:
        """Take in what is on its way to this end."""
        self._arrives_at = max(self._arrives_at + 1e-6, self._loop.now + self._loop.latency())
        self._loop.call_at(self._arrives_at, self._arrive, arrival, context=self._context)

    def _arrive(self, arrival: Callable[[], None]) -> None:
        if self._is_paused:
            self._waiting.append(arrival)
        else:
            arrival()

    def receive(self, content: bytes) -> None:
        """Hand on what has arrived."""
        if not (self._is_closing or self._is_lost):
            self._protocol.data_received(content)

    def lose(self, error: Exception | None) -> None:
        """Learn that the other end is gone."""
        if not self._is_closing and error is None:
            self._protocol.eof_received()
        self._is_closing = True
        self._gone(error)

    def _gone(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            process = self._context.get(PROCESS)
            if process is not None:
                process.holds.pop(self, None)
            self._protocol.connection_lost(error)

    def is_closing(self) -> bool:
        """Whether it was closed, here or there."""
        return self._is_closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        """What hears of it."""
        return self._protocol  # type: ignore[no-any-return]

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another hear of it."""
        self._protocol = protocol

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Hand on what was kept."""
        self._is_paused = False
        waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            self._arrive(arrival)

    def is_reading(self) -> bool:
        """Whether what arrives is handed on."""
        return not self._is_paused

    def can_write_eof(self) -> bool:
        """Half-closed connections are none of HTTP's."""
        return False

    def get_write_buffer_size(self) -> int:
        """Nothing is ever kept back."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no such limit."""
