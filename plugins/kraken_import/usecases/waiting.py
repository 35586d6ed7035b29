"""Waits without a worker: for a Kraken that does not answer, for its limit, for a proof, for a person."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from kraken_import.client.answers import Answer, Throttled
from kraken_import.client.requests import IMPOSSIBLE_IDENTIFIER
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import outages
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.calling import open_session
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import signal_of

_log = logging.getLogger(__name__)

Why: TypeAlias = Literal["throttled", "doubt", "outage", "paused"]

_HOLD_BACK: Final = 10.0
"""Seconds to hold back when Kraken asks for it without saying how long."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_SLOWER_BY: Final = 1.5

_LOOK_AGAIN: Final = 5.0
"""Seconds after which a waiting batch checks whether another one has found Kraken recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBack:
    """Why a batch waits, for how many seconds at least, and one sentence that says so."""

    why: Why
    seconds: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """The batch's records by state, and why it waits before it goes on (None: it has ended)."""

    counts: dict[str, int]
    held: HoldBack | None


@dataclass(slots=True, kw_only=True)
class Pauses:
    """Ever longer pauses between rounds in which no record ends."""

    seconds: float = _FIRST_PAUSE

    def after(self, *, ended: int) -> float:
        """Return the seconds to pause after a round in which so many records have ended."""
        self.seconds = _FIRST_PAUSE if ended else min(self.seconds * _SLOWER_BY, _LONGEST_PAUSE)
        # Jitter keeps the batches of a wave from asking in step.
        return self.seconds * random.uniform(0.8, 1.2)


def say(sentence: str) -> None:
    """Log what is waited for."""
    _log.info("%s", sentence)


def unreachable(*, wave: Wave, outage: Outage) -> SystemicFault:
    """Return the fault of a Kraken without a usable answer once the patience with it is over."""
    return SystemicFault(
        code=StopCode.UNREACHABLE,
        reason=(
            f"Kraken at {wave.target_kraken} has given no usable answer since {outage.began_at:%H:%M} UTC "
            f"and was given up at {outage.gives_up_at:%H:%M}: check the host and the network, then clear the "
            "run in Airflow to go on where it stopped."
        ),
    )


async def meet_outage(*, systems: Systems, wave: Wave, is_silent: bool) -> HoldBack:
    """Begin an outage of the wave's Kraken, or continue the current one.

    Raises `SystemicFault`, not recorded yet, once the patience with it is over.
    """

    def meet() -> Outage:
        return outages.meet(
            engine=systems.tracking,
            target_kraken=wave.target_kraken,
            is_silent=is_silent,
            patience=timedelta(seconds=systems.kraken.patience),
        )

    outage = await asyncio.to_thread(meet)
    if outage.is_given_up:
        raise unreachable(wave=wave, outage=outage)
    return held_back(outage=outage)


async def sit_out_silence(
    *, systems: Systems, wave: Wave, until: datetime, tell: Callable[[str], None] = say
) -> None:
    """Wait until a Kraken that answers nothing answers again, or until `until`.

    However long that lasts, it says nothing about what Kraken has, so no patience ends it.
    """
    with suppress(SystemicFault):
        await meet_outage(systems=systems, wave=wave, is_silent=True)
    await wait_out(systems=systems, wave=wave, until=until, tell=tell)


async def outage_under_way(*, systems: Systems, wave: Wave) -> HoldBack | None:
    """Return why the wave's Kraken is not to be asked just now; None when it may be."""
    outage = await asyncio.to_thread(current_outage, systems=systems, wave=wave)
    if outage is None or outage.is_given_up or not (outage.is_silent or outage.seconds_to_next_try):
        return None
    return held_back(outage=outage)


def held_back(*, outage: Outage) -> HoldBack:
    """Return the wait for a Kraken that does not answer."""
    what = "answered" if outage.is_silent else "taken anything"
    seconds = max(1.0, outage.seconds_to_next_try)
    return HoldBack(
        why="outage",
        seconds=seconds,
        sentence=(
            f"Kraken at {outage.target_kraken} has not {what} since {outage.began_at:%H:%M} UTC: it is tried "
            f"again in {seconds:.0f} s, ever more rarely, and given up at {outage.gives_up_at:%H:%M}."
        ),
    )


def throttled(*, seconds: float) -> HoldBack:
    """Return the wait that Kraken has asked for."""
    return HoldBack(
        why="throttled",
        seconds=seconds,
        sentence=f"Kraken asks to wait {seconds:.0f} s; the worker is free meanwhile.",
    )


def seconds_to_wait(*, answer: Answer) -> float | None:
    """Return for how many seconds an answer asks for a pause; None if it does not."""
    return answer.retry_after or _HOLD_BACK if isinstance(answer, Throttled) else None


async def end_outage(*, systems: Systems, wave: Wave) -> None:
    """Record that the wave's Kraken answers again."""
    await asyncio.to_thread(lambda: outages.finish(engine=systems.tracking, target_kraken=wave.target_kraken))


async def wait_out(
    *,
    systems: Systems,
    wave: Wave,
    until: datetime | None = None,
    tell: Callable[[str], None] = say,
) -> None:
    """Wait until an outage of the wave's Kraken is over, may be tried by a create, or is given up.

    With `until` that time ends the wait instead of the patience: what Kraken has is still asked about. Of all
    waiting tasks one asks, about a record that cannot exist, and the others read what it found. `tell` is
    called with what is waited for, and how that ended.
    """
    said: bool | None = None
    while outage := await asyncio.to_thread(current_outage, systems=systems, wave=wave):
        if outage.is_given_up if until is None else systems.clock() >= until:
            if until is None:
                tell(f"Kraken at {wave.target_kraken} is given up.")
            return
        if outage.is_silent is not said:
            said = outage.is_silent
            tell(held_back(outage=outage).sentence)
        if not outage.seconds_to_next_try:
            if not outage.is_silent:
                return
            if await asyncio.to_thread(_claim_try, systems, wave) and await _answers(systems, wave):
                await end_outage(systems=systems, wave=wave)
                break
            continue
        await asyncio.sleep(min(outage.seconds_to_next_try, _LOOK_AGAIN))
    if said is not None:
        tell(f"Kraken at {wave.target_kraken} answers again.")


async def _answers(systems: Systems, wave: Wave) -> bool:
    async with open_session(systems=systems, wave=wave) as session:
        exchange = await session.status(
            resource=wave.resource,
            import_supplier=wave.import_supplier,
            external_identifier=IMPOSSIBLE_IDENTIFIER,
        )
    return not signal_of(answer=exchange.answer).is_lost


def current_outage(*, systems: Systems, wave: Wave) -> Outage | None:
    """Return the current outage of the wave's Kraken; None when there is none."""
    return outages.current(engine=systems.tracking, target_kraken=wave.target_kraken)


def _claim_try(systems: Systems, wave: Wave) -> bool:
    return outages.claim_try(engine=systems.tracking, target_kraken=wave.target_kraken)
