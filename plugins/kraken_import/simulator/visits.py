"""A request under way: its connection, and how the requests received are counted."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias, cast

from kraken_import.simulator.keys import Key, Keys
from kraken_import.simulator.replies import Reply

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Counts: TypeAlias = tuple[int, ...]

_COUNTED: Final = {"validate": 0, "create": 1, "status": 2}
_REFUSED: Final = 3
_NONE: Final[Counts] = (0, 0, 0, 0)
_RESET: Final = struct.pack("ii", 1, 0)


class Dropped(Exception):
    """The connection is to be closed without an answer: `how` is close or reset."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how


class Cut(Exception):
    """The answer is to break off after the status line, or in the middle of the body."""

    def __init__(self, *, reply: Reply, in_body: bool, how: str) -> None:
        super().__init__()
        self.reply = reply
        self.in_body = in_body
        self.how = how


@dataclass(slots=True, kw_only=True)
class Traffic:
    """How many requests came: of each operation, of each key, and at once.

    Keys are counted by their numbers in `keys`, which the processes share.
    """

    keys: Keys = field(default_factory=Keys)
    in_flight: int = 0
    most_in_flight: int = 0
    received: dict[str, int] = field(default_factory=dict)
    _counts: array[int] = field(default_factory=lambda: array("I"))
    """By the number of a key, which of `_known` its requests are."""
    _order: array[int] = field(default_factory=lambda: array("I"))
    """The numbers of the keys that requests came for, the first one first."""
    _known: list[Counts] = field(default_factory=lambda: [_NONE])
    _places: dict[Counts, int] = field(default_factory=lambda: {_NONE: 0})
    """The place of each in `_known`."""

    def reset(self, *, keys: Keys) -> None:
        """Forget past requests, and number further ones by these keys. Those under way stay under way."""
        self.keys = keys
        self.most_in_flight = self.in_flight
        self.received.clear()
        self._counts, self._order = array("I"), array("I")

    def enter(self, *, operation: str) -> int:
        """Count a request whose key is not read yet. Returns which of its operation it is."""
        number = self.received[operation] = self.received.get(operation, 0) + 1
        self.in_flight += 1
        if self.in_flight > self.most_in_flight:
            self.most_in_flight = self.in_flight
        return number

    def note(self, *, operation: str, key: Key) -> int | None:
        """Count the request of a key. Returns which of its key it is, where that is counted."""
        if operation not in _COUNTED:
            return None
        return self._count(key, _COUNTED[operation])

    def refuse(self, *, key: Key) -> None:
        """Count a create that was answered "already imported"."""
        self._count(key, _REFUSED)

    def seen(self, *, key: Key) -> dict[str, int]:
        """How many requests of each operation came for a key."""
        counts = self._of(key)
        return {operation: counts[index] for operation, index in _COUNTED.items()}

    def refused(self, *, key: Key) -> int:
        """How many creates of a key were answered "already imported"."""
        return self._of(key)[_REFUSED]

    def number_of_keys(self) -> int:
        """How many keys requests came for."""
        return len(self._order)

    def page(self, *, start: int, stop: int) -> Iterator[Key]:
        """Iterate over the keys that requests came for, the first key first."""
        return (self.keys.key(number=number) for number in self._order[start:stop])

    def _of(self, key: Key) -> Counts:
        number = self.keys.find(key=key)
        return _NONE if number is None or number >= len(self._counts) else self._known[self._counts[number]]

    def _count(self, key: Key, place: int) -> int:
        number = self.keys.number(key=key)
        missing = number + 1 - len(self._counts)
        if missing > 0:
            self._counts.frombytes(bytes(missing * self._counts.itemsize))
        which = self._counts[number]
        if not which:
            self._order.append(number)
        counts = _one_more(self._known[which], place)
        which = self._places.get(counts, 0)
        if not which:
            which = self._places[counts] = len(self._known)
            self._known.append(counts)
        self._counts[number] = which
        return counts[place]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request. The clock is `shift` seconds ahead for it, and `created_shift` for created_at alone."""

    receive: Receive
    traffic: Traffic
    clock: Callable[[], float] = time.time
    operation: str = ""
    key: Key | None = None
    number: int = 1
    """Which request it is of its operation, and once the key is read, of that and its key."""
    shift: float = 0.0
    created_shift: float = 0.0
    is_dated: bool = True
    is_silent: bool = False
    _is_in_flight: bool = False

    @property
    def now(self) -> float:
        """What Kraken's clock shows for this request."""
        return self.clock() + self.shift

    def enter(self, *, operation: str) -> None:
        """Count it as under way."""
        self.operation = operation
        self._is_in_flight = True
        self.number = self.traffic.enter(operation=operation)

    def leave(self) -> None:
        """Count the request as no longer under way; repeating this is harmless."""
        if self._is_in_flight:
            self._is_in_flight = False
            self.traffic.in_flight -= 1

    def withdraw(self) -> None:
        """Make it as if it had not come: it comes again."""
        self.leave()
        self.traffic.received[self.operation] -= 1

    async def body(self) -> bytes:
        """The whole body. Raises `Dropped` if the client goes before its end."""
        message = await self.receive()
        parts = [message.get("body", b"")]
        while message.get("more_body"):
            message = await self.receive()
            parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect":
            raise Dropped("close")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def pause(self, *, seconds: float) -> None:
        """Wait, even if the client gives up meanwhile: then it is no longer in flight."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            await asyncio.wait_for(self.gone(), seconds)
        except TimeoutError:
            return
        await asyncio.sleep(max(0.0, end - loop.time()))

    async def gone(self) -> None:
        """Wait until the client has disconnected."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.leave()

    async def drop(self, *, how: str) -> None:
        """End the connection now: `close` as a process that ends does it, `reset` with a TCP reset."""
        transport = self._transport()
        if how == "reset":
            peer = transport.get_extra_info("socket")
            if peer is not None and not transport.is_closing():
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
        # The server complains of a request that ends unanswered before it has seen the client go.
        await self.gone()

    async def cut(self, *, cut: Cut) -> None:
        """Send a part of the answer, and end the connection."""
        start = b"HTTP/1.1 %d \r\n" % cut.reply.status
        if cut.in_body:
            content = cut.reply.content
            headers = b"".join(
                b"%s: %s\r\n" % header for header in self.headers(reply=cut.reply, length=len(content))
            )
            start += headers + b"\r\n" + content[: len(content) // 2]
        self._transport().write(start)
        # The data leaves with the next turn of the loop, and ending now would lose it.
        await asyncio.sleep(0.01)
        await self.drop(how=cut.how)

    async def answer(self, *, reply: Reply, send: Send) -> None:
        """Send the whole answer."""
        if isinstance(reply.document, Iterator):
            await self._answer_in_parts(reply, send)
            return
        content = reply.content
        headers = self.headers(reply=reply, length=len(content))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer_in_parts(self, reply: Reply, send: Send) -> None:
        """Send the parts of the body as they are made, and let other requests be answered between them."""
        headers = self.headers(reply=reply, length=None)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        for part in reply.document:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})

    def headers(self, *, reply: Reply, length: int | None) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, with the date that Kraken's clock has for this request.

        An answer without a length is sent in chunks.
        """
        headers = [(b"content-type", reply.content_type)]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        headers += reply.headers
        if self.is_dated:
            headers.append((b"date", _date(int(self.now))))
        return headers

    def _transport(self) -> Any:
        # uvicorn hands out a method of its request cycle, which alone knows the connection.
        return cast(Any, self.receive).__self__.transport


@cache
def _one_more(counts: Counts, place: int) -> Counts:
    """Counts with one more at a place."""
    return (*counts[:place], counts[place] + 1, *counts[place + 1 :])


@lru_cache(maxsize=16)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()
