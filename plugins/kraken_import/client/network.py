"""The way to a Kraken: trusted certificates, the proxy of the environment, and bounded bodies."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import get_env_proxy_for_url
from yarl import URL

_LARGEST_BODY: Final = 1_000_000
_APART: Final = 0.1


class CameTooLate(Exception):
    """A body was due to be sent after its deadline."""


class Deadline:
    """The time until which something may be sent: so many seconds from now.

    The event loop's clock stands still while the machine is suspended, and the database's does not, so the
    time that the machine has slept since then counts as well.
    """

    def __init__(self, *, seconds: float) -> None:
        self._slept_before = _seconds_slept()
        self._not_after = asyncio.get_running_loop().time() + seconds

    @property
    def left(self) -> float:
        """Return the seconds that are left; zero or less once it has passed."""
        slept = _seconds_slept() - self._slept_before
        # Two clocks are never read at the same moment, so a small difference means nothing.
        return self._not_after - asyncio.get_running_loop().time() - (slept if slept > _APART else 0.0)


def _seconds_slept() -> float:
    """Return how long this machine has been suspended, by its clocks' difference; 0 where none shows it."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    awake = time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - awake


class PunctualBody(aiohttp.BytesPayload):
    """A body that is never sent after its deadline.

    Between the check of the clock and the first byte a connection is opened, and a machine that is suspended
    then wakes up with it. Only at this point nothing is left to wait for.
    """

    def __init__(self, body: bytes, *, deadline: Deadline) -> None:
        super().__init__(body, content_type="application/json")
        self._deadline = deadline
        self.is_late = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write it. Raises `CameTooLate`."""
        if self._deadline.left < 0:
            self.is_late = True
            raise CameTooLate
        await super().write_with_length(writer, content_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRoute:
    """The proxy, if there is one, and its credentials: for the tunnel, or for each request."""

    proxy: URL | None = None
    proxy_headers: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def way_to(*, address: str) -> ProxyRoute:
    """Return how an address is reached.

    A proxy named by the environment is used, as operators expect of any HTTP client. The rest of aiohttp's
    trust in the environment is switched off: credentials of a netrc file would replace the token.
    """
    url = URL(address)
    with suppress(LookupError):
        proxy, credentials = get_env_proxy_for_url(url)
        if credentials is None:
            return ProxyRoute(proxy=proxy)
        header = {"Proxy-Authorization": credentials.encode()}
        # With a tunnel the proxy sees only the request for the tunnel itself.
        return ProxyRoute(proxy=proxy, proxy_headers=header, headers={} if url.scheme == "https" else header)
    return ProxyRoute()


def trust(*, ca_bundle: str | None, shown: tuple[str, str] | None = None) -> ssl.SSLContext | bool:
    """Return what aiohttp trusts, and shows: the file's certificates, or the system's, and the client's own.

    Blocks while the files are read.
    """
    if not ca_bundle and shown is None:
        return True
    context = ssl.create_default_context(cafile=ca_bundle or None)
    if shown is not None:
        context.load_cert_chain(*shown)
    return context


def brief_session(*, ca_bundle: str | None, shown: tuple[str, str] | None) -> aiohttp.ClientSession:
    """Return a session for a single request, which trusts and shows what `trust` says and keeps no cookie."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust(ca_bundle=ca_bundle, shown=shown)),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def read_body(*, response: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut off at a limit far above any answer of Kraken's."""
    parts: list[bytes] = []
    length = 0
    # Without an iterator, which would cost more than most answers take to read.
    while part := await response.content.readany():
        parts.append(part)
        length += len(part)
        if length > _LARGEST_BODY:
            response.close()
            break
    return b"".join(parts)[:_LARGEST_BODY]
