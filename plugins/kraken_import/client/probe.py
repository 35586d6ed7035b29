"""One question to a Kraken, as a test of a Connection asks it: with limits on its time and on the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import aiohttp
import orjson
from yarl import URL

from kraken_import.client.network import brief_session, read_body, way_to
from kraken_import.client.requests import IMPOSSIBLE_IDENTIFIER, status_request
from kraken_import.client.settings import KrakenSettings

Reason: TypeAlias = Literal["certificate", "time", "unreachable"]

WHY: Final[dict[Reason, str]] = {
    "certificate": "its certificate is not trusted",
    "time": "no answer in time",
    "unreachable": "connection refused or host unknown",
}
"""Why there was no answer, for people."""


class UnableToAsk(Exception):
    """There was no answer; `reason` says why."""

    def __init__(self, *, reason: Reason) -> None:
        super().__init__(WHY[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What was answered: the HTTP status, and the code in its document, if there is one."""

    status: int
    code: object = field(default=None)


def probe(*, settings: KrakenSettings, authorization: str, import_supplier: str, seconds: float) -> Probed:
    """Ask for an import process that cannot exist, and wait so long for the whole answer.

    Follows no redirect, and reads no .netrc. Blocks. Raises `UnableToAsk`.
    """
    request = status_request(
        resource="accounts", import_supplier=import_supplier, external_identifier=IMPOSSIBLE_IDENTIFIER
    )
    return asyncio.run(
        _probe(settings=settings, authorization=authorization, path=request.path, seconds=seconds)
    )


async def _probe(*, settings: KrakenSettings, authorization: str, path: str, seconds: float) -> Probed:
    way = way_to(address=settings.base_url)
    timeout = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, settings.connect_timeout))
    try:
        async with (
            brief_session(ca_bundle=settings.ca_bundle, shown=settings.shown_certificate) as session,
            session.get(
                URL(settings.base_url + path, encoded=True),
                headers={"Authorization": authorization, "Accept": "application/json", **way.headers},
                allow_redirects=False,
                proxy=way.proxy,
                proxy_headers=way.proxy_headers,
                timeout=timeout,
            ) as response,
        ):
            body = await read_body(response=response)
            return Probed(status=response.status, code=_code(body=body))
    except TimeoutError:
        raise UnableToAsk(reason="time") from None
    except aiohttp.ClientSSLError:
        raise UnableToAsk(reason="certificate") from None
    except (aiohttp.ClientError, OSError):
        raise UnableToAsk(reason="unreachable") from None


def _code(*, body: bytes) -> object:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document.get("code") if isinstance(document, dict) else None
