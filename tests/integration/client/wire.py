"""A server that speaks just enough HTTP/1.1 to misbehave, byte by byte, as a test wants it to."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that arrived, as far as the server reads, and the connection on which it did."""

    number: int
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter = field(repr=False)

    @property
    def is_create(self) -> bool:
        return self.method == "POST" and not self.path.endswith("/validate/")

    async def reply(self, status: int, document: Any = None, **headers: str) -> None:
        """Answer as a well-behaved server does."""
        await self.write(answer(status, document, **headers))

    async def write(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def hang_up(self) -> None:
        self.writer.close()

    async def reset(self) -> None:
        """End the connection as a crashing host does, without a farewell."""
        connected = self.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour: TypeAlias = Callable[[Seen], Awaitable[None]]


@dataclass(kw_only=True)
class Wire:
    """A running server: where it is, and every request that reached it."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    @property
    def creates(self) -> list[Seen]:
        return [request for request in self.seen if request.is_create]


def answer(status: int, document: Any = None, **headers: str) -> bytes:
    """The bytes of an answer; keyword arguments are headers (`Retry_After="1"`)."""
    if document is None or isinstance(document, bytes):
        body = document or b""
    else:
        body = json.dumps(document).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def serve(
    behave: Behaviour, *, port: int = 0, tls: ssl.SSLContext | None = None, reads: int | None = None
) -> AsyncIterator[Wire]:
    """Serve until the block ends; whatever is still being answered then is dropped.

    Of a body the first `reads` bytes are read before the request is answered; None: all of it.
    """
    wire = Wire()
    tasks: set[asyncio.Task[None]] = set()
    connections = 0

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        task = asyncio.ensure_future(_converse(wire, behave, connections, reads, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    host, taken = server.sockets[0].getsockname()
    wire.url = f"{'https' if tls else 'http'}://{host}:{taken}"
    try:
        yield wire
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _converse(
    wire: Wire,
    behave: Behaviour,
    connection: int,
    reads: int | None,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        with suppress(asyncio.IncompleteReadError, OSError):
            while not writer.is_closing():
                request = await _request(wire, connection, reads, reader, writer)
                wire.seen.append(request)
                wire.under_way += 1
                wire.most_under_way = max(wire.most_under_way, wire.under_way)
                try:
                    await behave(request)
                finally:
                    wire.under_way -= 1
    finally:
        writer.transport.abort()


async def _request(
    wire: Wire,
    connection: int,
    reads: int | None,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> Seen:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    body = await reader.readexactly(length if reads is None else min(length, reads))
    return Seen(
        number=len(wire.seen) + 1,
        connection=connection,
        method=method,
        path=path,
        headers=headers,
        body=body,
        writer=writer,
    )
