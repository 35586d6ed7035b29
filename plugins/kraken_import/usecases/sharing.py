"""A session's share of the requests that a Kraken takes at once: leased, renewed, given back.

No request asks the database. A share is a lease of ten seconds. If its holder has died, or has lost the
database, it lapses, and lets nothing pass until it is renewed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from kraken_import.client.gate import Gate, Seen
from kraken_import.tracking import shares
from kraken_import.tracking.shares import Load, RequestLevel, Share
from kraken_import.usecases.levels import after_requests, divide, limit_of
from kraken_import.usecases.systems import Systems
from transforms.database import DatabaseInterrupted, UnableToQuery

_log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=10)
_RENEW_AFTER: Final = 3.0
_SOON: Final = 0.5
"""Seconds until a share that is too small is renewed: others may have given theirs back."""


@asynccontextmanager
async def shared_gate(*, systems: Systems, most: int) -> AsyncIterator[Gate]:
    """Yield a gate that lets a share of the Kraken's requests pass, at most `most` of them at once.

    Raises `UnableToUseTracking` if another version of the pipeline keeps the shares.
    """
    keeper = _Keeper(systems=systems, most=most, wants=most)
    await keeper.renew()
    renewing = asyncio.create_task(keeper.run())
    renewing.add_done_callback(keeper.ended)
    try:
        yield keeper.gate
    finally:
        renewing.cancel()
        # A share that cannot be given back lapses.
        with suppress(OperationalError, DatabaseInterrupted, UnableToQuery):
            await asyncio.to_thread(keeper.give_back, keeper.gate.take_seen(), keeper.gate.pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """What may pass from now on. `is_less` says that requests under way keep places that become free."""

    places: int = 0
    per_second: float | None = None
    is_less: bool = False


@dataclass(slots=True, kw_only=True)
class _Keeper:
    systems: Systems
    most: int
    wants: int
    holder: str = field(default_factory=lambda: str(uuid4()))
    gate: Gate = field(default_factory=lambda: Gate(places=0))
    is_held: bool = False
    is_over: bool = False
    frees_places: bool = False
    """Whether the share is larger than what may pass now, until the requests under way have ended."""
    turn: Lock = field(default_factory=Lock)
    """Held while the share is written: a cancelled write goes on in its thread."""

    async def run(self) -> None:
        """Renew the share until this is cancelled."""
        while True:
            await self._pause()
            try:
                await self.renew()
            except (OperationalError, DatabaseInterrupted) as hiccup:
                _log.warning("The share in Kraken's limits was not renewed (%s).", type(hiccup).__name__)

    def ended(self, renewing: asyncio.Task[None]) -> None:
        """Raise for all waiting requests why the share is no longer renewed: they would wait forever."""
        error = None if renewing.cancelled() else renewing.exception()
        if isinstance(error, Exception):
            self.gate.break_down(error=error)

    async def renew(self) -> None:
        """Report what was seen, and take the share that is due now."""
        # Before the database counts its ten seconds.
        lapses_at = asyncio.get_running_loop().time() + LEASE.total_seconds()
        seen = self.gate.take_seen()
        # Without a place a session cannot show how many requests it would send.
        if self.is_held and self.gate.places:
            self.wants = max(1, min(self.most, seen.most))
        grant, pause = await asyncio.to_thread(self._take, seen, self.gate.pause, self.gate.most)
        self.is_held = True
        self.frees_places = grant.is_less
        if pause > self.gate.pause:
            self.gate.close(seconds=pause)
        self.gate.open(places=grant.places, lapses_at=lapses_at, per_second=grant.per_second)

    def give_back(self, seen: Seen, pause: float) -> None:
        """Give the share back to the others, and keep what later sessions need to know."""
        with self.turn:
            self.is_over = True
            if seen.refused or seen.troubled or pause:
                target = self.systems.kraken.target
                with shares.entered(engine=self.systems.tracking, target_kraken=target) as (connection, load):
                    self._learn(connection, load, seen, pause)
            elif seen.took:
                # There is nothing to learn from it, so the row of the Kraken is not locked.
                with self.systems.tracking.begin() as connection:
                    self._count(connection, seen)
            shares.give_back(engine=self.systems.tracking, holder=self.holder)

    async def _pause(self) -> None:
        """Wait until the next renewal is due: soon if a place becomes free, or requests wait for one."""
        await asyncio.sleep(_SOON)
        if self.frees_places:
            return
        if self.gate.places and self.wants == self.most:
            await asyncio.sleep(_RENEW_AFTER - _SOON)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.gate.short.wait(), timeout=_RENEW_AFTER - _SOON)

    def _take(self, seen: Seen, pause: float, under_way: int) -> tuple[_Grant, float]:
        """Return what may pass now, and the seconds for which Kraken wants no requests at all.

        Up to `under_way` requests may be under way until then.
        """
        with self.turn:
            if self.is_over:
                return _Grant(), 0.0
            return self._take_in_turn(seen, pause, under_way)

    def _take_in_turn(self, seen: Seen, pause: float, under_way: int) -> tuple[_Grant, float]:
        kraken = self.systems.kraken
        target = kraken.target
        with shares.entered(engine=self.systems.tracking, target_kraken=target) as (connection, load):
            held = {
                share.holder: share for share in shares.shares(connection=connection, target_kraken=target)
            }
            mine = held.pop(self.holder, None)
            level = self._learn(connection, load, seen, pause)
            # Otherwise sessions of a Connection that allows fewer would get nothing beside those of another.
            allowed = min([kraken.requests_at_once, *(share.allowed for share in held.values())])
            limit = limit_of(level=level, allowed=allowed)
            mine = replace(mine or self._new(), wants=self.wants, allowed=kraken.requests_at_once)
            grant = self._keep(connection, limit, mine, list(held.values()), under_way)
        return grant, max(load.pause, pause)

    def _learn(self, connection: Connection, load: Load, seen: Seen, pause: float) -> RequestLevel:
        """Return what is known of the requests at once, including what was seen."""
        kraken = self.systems.kraken
        level = after_requests(
            level=load.requests,
            seen=seen,
            granted=self.gate.places,
            allowed=kraken.requests_at_once,
            now=load.seen_at,
        )
        if seen.calls:
            shares.learn_requests(
                connection=connection,
                target_kraken=kraken.target,
                level=level,
                new_calls=seen.calls,
                pause=pause,
            )
        self._count(connection, seen)
        return level

    def _count(self, connection: Connection, seen: Seen) -> None:
        """Keep how long requests took, for people who look how Kraken does."""
        if seen.took:
            target = self.systems.kraken.target
            shares.count_requests(
                connection=connection,
                target_kraken=target,
                counts=[
                    shares.RequestCount(
                        operation=operation, within_ms=within_ms, calls=counted.calls, refused=counted.refused
                    )
                    for (operation, within_ms), counted in seen.took.items()
                ],
            )

    def _new(self) -> Share:
        allowed = self.systems.kraken.requests_at_once
        return Share(holder=self.holder, wants=self.wants, allowed=allowed, requests=0, per_second=None)

    def _keep(
        self, connection: Connection, limit: int, mine: Share, others: list[Share], under_way: int
    ) -> _Grant:
        """Take what is due, as far as the others have already given it back.

        What is given back stays in the share until the requests that have the places have ended.
        """
        kraken = self.systems.kraken
        due = divide(limit=limit, shares=[*others, mine])
        left = max(0, limit - sum(share.requests for share in others))
        places = min(due[self.holder], left)
        kept = max(places, min(under_way, left))
        per_second = None
        if kraken.requests_per_second is not None:
            part = kraken.requests_per_second * due[self.holder] / max(1, sum(due.values()))
            others_take = sum(share.per_second or 0.0 for share in others)
            per_second = max(0.0, min(part, kraken.requests_per_second - others_take))
        share = replace(mine, requests=kept, per_second=per_second)
        shares.keep_share(connection=connection, target_kraken=kraken.target, share=share, lease=LEASE)
        return _Grant(places=places, per_second=per_second, is_less=kept > places)
