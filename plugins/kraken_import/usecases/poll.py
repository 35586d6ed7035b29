"""Polls what a batch has open at Kraken until it has ended, or until the batch may go on creating."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from kraken_import.lifecycle import AWAITING
from kraken_import.tracking import processes, reruns
from kraken_import.tracking.processes import Open
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.asking import ask
from kraken_import.usecases.calling import open_session, wave_for_kraken
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import Pauses, Why, sit_out_silence, wait_out

_LONGEST_WAIT_FOR_AN_END: Final = timedelta(minutes=2)
_LOOK_AGAIN: Final = 2.0
"""Seconds after which a paused wave is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """When a batch that waits goes on: after so many seconds, and what else must have happened by then.

    Of one that Kraken throttles a record must have ended, if any was open; one that is paused must have been
    resumed or stopped; in an outage Kraken must answer again or be given up.
    """

    why: Why
    seconds: float


async def poll(
    *, systems: Systems, ref: BatchRef, until: datetime, resumption: Resumption | None = None
) -> dict[str, int]:
    """Poll what the batch has open until all have ended, or until `until`; {"open": …, "ended": …}.

    With `resumption` return as soon as the batch may go on. A request without an answer is asked again and
    fails nothing. Raises `SystemicFault`.
    """
    if resumption is not None and resumption.why == "outage":
        await wait_out(systems=systems, wave=await asyncio.to_thread(_load, systems, ref))
        return {"open": len(await asyncio.to_thread(_open, systems, ref)), "ended": 0}
    return await _Poller(systems=systems, ref=ref, until=until, resumption=resumption).run()


@dataclass(slots=True, kw_only=True)
class _Poller:
    systems: Systems
    ref: BatchRef
    until: datetime
    resumption: Resumption | None
    was_paused: bool = False
    ended: int = 0
    pauses: Pauses = field(default_factory=Pauses)
    resume_at: datetime | None = None

    async def run(self) -> dict[str, int]:
        """Ask in rounds, ever more rarely while nothing ends."""
        if self.resumption is not None:
            self.resume_at = self.systems.clock() + timedelta(seconds=self.resumption.seconds)
        while True:
            still_open, ended = await self._round()
            self.ended += ended
            now = self.systems.clock()
            if await self._is_over(now, still_open):
                return {"open": still_open, "ended": self.ended}
            await self._sleep(now, self.pauses.after(ended=ended))

    async def _round(self) -> tuple[int, int]:
        """Ask once about each open record; how many are open still, and how many have ended."""
        wave = await asyncio.to_thread(_load, self.systems, self.ref)
        records = await asyncio.to_thread(_open, self.systems, self.ref)
        if not records:
            return 0, 0
        async with open_session(systems=self.systems, wave=wave) as session:
            asked = await ask(systems=self.systems, session=session, wave=wave, records=records)
        if asked.is_silent:
            await sit_out_silence(systems=self.systems, wave=wave, until=self.until)
        return len(records) - asked.ended - asked.parked, asked.ended

    async def _is_over(self, now: datetime, still_open: int) -> bool:
        if self.resume_at is None or self.resumption is None:
            return not still_open or now >= self.until
        if await asyncio.to_thread(_is_paused, self.systems, self.ref):
            self.was_paused = True
            return now >= self.until
        if self.was_paused or now >= self.until:
            return True
        # What is open may not end for hours; a limit is met again, if it still holds, by the next try.
        waits_for_an_end = (
            self.resumption.why == "throttled"
            and still_open
            and not self.ended
            and now < self.resume_at + _LONGEST_WAIT_FOR_AN_END
        )
        return now >= self.resume_at and not waits_for_an_end

    async def _sleep(self, now: datetime, pause: float) -> None:
        latest = self.until
        if self.resume_at is not None and now < self.resume_at:
            latest = min(self.resume_at, self.until)
        seconds = max(0.0, min(pause, (latest - now).total_seconds()))
        if self.was_paused:
            await self._sleep_while_paused(seconds)
        else:
            await asyncio.sleep(seconds)

    async def _sleep_while_paused(self, seconds: float) -> None:
        """Sleep, but not long beyond the end of a pause."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(left, _LOOK_AGAIN))
            if not await asyncio.to_thread(_is_paused, self.systems, self.ref):
                return


def _load(systems: Systems, ref: BatchRef) -> Wave:
    with systems.tracking.connect() as connection:
        return wave_for_kraken(connection=connection, ref=ref.wave, kraken=systems.kraken)


def _open(systems: Systems, ref: BatchRef) -> list[Open]:
    with systems.tracking.connect() as connection:
        return processes.in_doubt(connection=connection, ref=ref, states=AWAITING)


def _is_paused(systems: Systems, ref: BatchRef) -> bool:
    """Whether the creates of this batch wait to be resumed: a rerun may go on where its wave is stopped."""
    with systems.tracking.connect() as connection:
        return reruns.load_wave(connection=connection, ref=ref.wave).is_paused
