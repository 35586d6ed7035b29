"""What the client's tests have in common: sessions with short patience, and calls with less to spell out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from kraken_import.client.network import Deadline
from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection

TOKEN = "t0ken-nobody-may-see"
PAYLOAD = b'{"external_account_number":"EXTERNAL-1","family_name":"Somebody"}'
PROCESSED = {"status": "PROCESSED", "kraken_identifier": "A-1", "created_at": None, "latest_error": None}
REFUSAL = {"customers": {"0": {"landline": ["abcde is not a valid phone number"]}}}


@dataclass(kw_only=True)
class Renewal:
    """A Connection that is read again: gives its tokens in turn, and fails when there are none left."""

    settings: KrakenSettings
    tokens: list[str] = field(default_factory=list)
    seconds: float = 0
    calls: int = 0

    async def __call__(self) -> KrakenSettings:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if not self.tokens:
            raise UnableToReadConnection("Connection 'kraken': the token is missing.")
        return replace(self.settings, token=self.tokens.pop(0))


@dataclass(kw_only=True)
class Talk:
    """A session, and how often its token was renewed."""

    session: KrakenSession
    renewal: Renewal

    async def validate(self) -> Exchange:
        return await self.session.validate(resource="accounts", payload=PAYLOAD)

    async def create(self, *, within: float = 10.0, payload: bytes = PAYLOAD) -> Exchange:
        return await self.session.create(
            resource="accounts", payload=payload, deadline=Deadline(seconds=within)
        )

    async def status(self) -> Exchange:
        return await self.session.status(
            resource="accounts", import_supplier="TENTACLE_ENERGY", external_identifier="EXTERNAL-1"
        )


@asynccontextmanager
async def talk_to(
    url: str, *, tries: int = 3, tokens: tuple[str, ...] = (), renewal_takes: float = 0, **changes: Any
) -> AsyncIterator[Talk]:
    """A session with the server at `url`; other keywords are settings."""
    given: dict[str, Any] = {"token": TOKEN, "connect_timeout": 2.0, "request_timeout": 2.0}
    settings = KrakenSettings(base_url=url, **(given | changes))
    renewal = Renewal(settings=settings, tokens=list(tokens), seconds=renewal_takes)
    async with KrakenSession(settings=settings, refresh=renewal, tries=tries) as session:
        yield Talk(session=session, renewal=renewal)
