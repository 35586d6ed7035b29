"""The whole way: a session with a Kraken, listings and sign-ins over real sockets, with damaged responses."""

from __future__ import annotations

import asyncio
import base64
import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from kraken_import.client.answers import Accepted, ProcessStatus
from kraken_import.client.network import Deadline
from kraken_import.client.session import KrakenSession, ListedAccount, UnableToList
from kraken_import.client.settings import KrakenSettings
from kraken_import.client.sign_in import UnableToSignIn, sign_in
from proofs.answers.contract import Parser, claim
from proofs.answers.damage import bodies, damaged, mostly
from proofs.answers.kraken import LISTED, REFUSALS, STATUSES

_SECRET: Final = "sk_live_Quillfeather_0161"  # noqa: S105
_SUCCESS: Final = re.compile(rb"HTTP/1\.\d +2\d\d")
_CLAIMS: Final = base64.urlsafe_b64encode(b'{"exp": 4102444800}').decode().rstrip("=")
_TOKEN: Final = {"data": {"obtainKrakenToken": {"token": f"e30.{_CLAIMS}.c2ln"}}}
_BOMB: Final = gzip.compress(b" " * 20_000_000)


@dataclass(slots=True, kw_only=True)
class _Wire:
    """A server that answers every request with the same bytes and hangs up, and the loop that it lives in."""

    runner: asyncio.Runner
    raw: bytes = b""
    port: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def settings(self) -> KrakenSettings:
        return KrakenSettings(
            base_url=f"http://127.0.0.1:{self.port}", token=_SECRET, connect_timeout=5, request_timeout=5
        )

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._answer(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(self.raw)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # What asked has seen enough.
            pass
        finally:
            writer.close()


_OPEN: Final[list[_Wire]] = []


@contextmanager
def _served() -> Iterator[None]:
    with asyncio.Runner() as runner:
        wire = _Wire(runner=runner)
        server = runner.run(_serve(wire))
        _OPEN.append(wire)
        try:
            yield
        finally:
            _OPEN.remove(wire)
            server.close()
            runner.run(_settle(wire))


async def _serve(wire: _Wire) -> asyncio.Server:
    server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    return server


async def _settle(wire: _Wire) -> None:
    await asyncio.gather(*wire.tasks, return_exceptions=True)


def _response(status: bytes, heads: list[bytes], body: bytes, framing: int) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Connection: close", *heads]
    if framing == 0:
        lines.append(b"Content-Length: %d" % len(body))
    elif framing == 1:
        lines.append(b"Content-Length: %d" % (len(body) + 5))
    elif framing == 2:
        lines.append(b"Transfer-Encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    elif framing == 3:
        lines.append(b"Transfer-Encoding: chunked")
    elif framing == 4:
        lines += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)]
    elif framing == 5:
        body = gzip.compress(body)
        lines += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)]
    elif framing == 6:
        body = _BOMB
        lines += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


_statuses: Final = mostly(
    st.sampled_from([b"200 OK", b"201 Created", b"400 Bad", b"404 Not Found", b"401 Who"]),
    st.sampled_from(
        [b"429 Slow", b"500 Oh", b"204 None", b"100 Continue", b"302 There", b"99 x", b"\xff", b""]
    ),
)
_successes: Final = mostly(st.just(b"200 OK"), _statuses)
_heads: Final = st.lists(
    st.sampled_from(
        [
            b"Retry-After: \xff\xfe",
            b"Retry-After: 99999999999999999999",
            b"Date: Fri, 31 Dec 9999 23:59:59 -2359",
            b"Content-Type: text/html; charset=\xff",
            b"Content-Type: application/json; charset=nonsense",
            b"Content-Length: -1",
            b"Location: https://elsewhere.example",
            b"Set-Cookie: a=b; c",
            b"X: " + b"y" * 9_000,
            b": nameless",
            b"Upgrade: websocket",
        ]
    ),
    max_size=2,
)


def _responses(*valid: Any, statuses: st.SearchStrategy[bytes] = _statuses) -> st.SearchStrategy[bytes]:
    """Responses of HTTP, sound ones and those that are damaged somewhere on their way."""
    sound = st.builds(_response, statuses, _heads, bodies(*valid), st.integers(0, 6) | st.just(0))
    return mostly(sound, damaged(sound) | st.binary(max_size=40))


def _session(wire: _Wire) -> KrakenSession:
    async def refresh() -> KrakenSettings:
        return wire.settings

    return KrakenSession(settings=wire.settings, refresh=refresh, tries=1)


async def _exchanged(wire: _Wire, call: str) -> Any:
    async with _session(wire) as kraken:
        if call == "validate":
            return (await kraken.validate(resource="accounts", payload=b"{}")).answer
        if call == "create":
            until = Deadline(seconds=5)
            return (await kraken.create(resource="accounts", payload=b"{}", deadline=until)).answer
        exchange = await kraken.status(resource="accounts", import_supplier="S", external_identifier="1")
        return exchange.answer


def _read_exchange(given: tuple[str, bytes]) -> None:
    (wire,) = _OPEN
    wire.raw = given[1]
    answer = wire.runner.run(_exchanged(wire, given[0]))
    if isinstance(answer, Accepted | ProcessStatus):
        claim(_SUCCESS.search(given[1]), "An answer without success is read as one.")
        claim(isinstance(answer, Accepted) != (given[0] == "status"), "An answer is of another call.")
    claim(_SECRET not in repr(answer), "An answer tells the token.")


async def _listed(wire: _Wire) -> list[ListedAccount]:
    async with _session(wire) as kraken:
        return [each async for page in kraken.listing(imported=True, import_supplier="S") for each in page]


def _read_listing(raw: bytes) -> None:
    (wire,) = _OPEN
    wire.raw = raw
    found = wire.runner.run(_listed(wire))
    claim(_SUCCESS.search(raw), "A listing is taken from an answer without success.")
    for each in found:
        claim(0 < len(each.external_identifier) <= _IDENTIFIER, "An identifier is none.")
        claim(len(each.kraken_identifier or "A") <= _IDENTIFIER, "An identifier of Kraken's is none.")


_IDENTIFIER: Final = 200


def _read_sign_in(raw: bytes) -> None:
    (wire,) = _OPEN
    wire.raw = raw
    wire.runner.run(sign_in(settings=_signing_in(wire.settings)))


def _signing_in(settings: KrakenSettings) -> KrakenSettings:
    return KrakenSettings(base_url=settings.base_url, token=_SECRET, sign_in="api_key", request_timeout=5)


def _parser(name: str, inputs: Any, read: Callable[[Any], object], *refusals: type[Exception]) -> Parser:
    return Parser(
        name=name,
        inputs=inputs,
        read=read,
        refusals=refusals,
        around=_served,
        hidden=lambda _: (_SECRET,),
        is_online=True,
    )


PARSERS: Final = (
    _parser(
        "response of a Kraken",
        st.tuples(st.sampled_from(["validate", "create", "status"]), _responses(*REFUSALS, *STATUSES)),
        _read_exchange,
    ),
    _parser("listing of a Kraken", _responses(*LISTED, statuses=_successes), _read_listing, UnableToList),
    _parser("response to a sign-in", _responses(_TOKEN, statuses=_successes), _read_sign_in, UnableToSignIn),
)
