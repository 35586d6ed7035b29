"""The way to a Kraken: the certificates that are trusted, the proxy of the environment, bounded bodies."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from aiohttp.helpers import get_env_proxy_for_url
from yarl import URL

_LARGEST_BODY: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The proxy, if there is one, and its credentials: for the tunnel, or beside each request."""

    proxy: URL | None = None
    proxy_headers: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def way_to(*, address: str) -> Way:
    """How an address is reached.

    A proxy named by the environment is honoured, as operators expect of any HTTP client. The rest of
    aiohttp's trust in the environment is not wanted: credentials of a netrc file displace the token.
    """
    url = URL(address)
    with suppress(LookupError):
        proxy, credentials = get_env_proxy_for_url(url)
        if credentials is None:
            return Way(proxy=proxy)
        header = {"Proxy-Authorization": credentials.encode()}
        # Within a tunnel the proxy sees only the request for the tunnel itself.
        return Way(proxy=proxy, proxy_headers=header, headers={} if url.scheme == "https" else header)
    return Way()


def trust(*, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """What aiohttp trusts: the file's certificates, or the system's. Blocks while the file is read."""
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else True


async def read_body(*, response: aiohttp.ClientResponse) -> bytes:
    """The body, cut off at a bound that no answer of Kraken's comes near."""
    parts: list[bytes] = []
    length = 0
    async for part in response.content.iter_chunked(65_536):
        parts.append(part)
        length += len(part)
        if length > _LARGEST_BODY:
            response.close()
            break
    return b"".join(parts)[:_LARGEST_BODY]
