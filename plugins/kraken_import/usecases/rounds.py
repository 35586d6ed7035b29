"""One round over a batch: asks once about its due records, and says when the next one is due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kraken_import.client.session import KrakenSession
from kraken_import.tracking import looks
from kraken_import.tracking.looks import Outlook
from kraken_import.tracking.processes import OpenRecord
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.asking import ask
from kraken_import.usecases.calling import wave_for_kraken
from kraken_import.usecases.systems import Systems

_DUE_AT_ONCE: Final = 100
_OLDEST_AT_ONCE: Final = 4
_REST: Final = timedelta(seconds=0.4)
"""Records asked about more recently than this are not asked about again just to find room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Result of a round: records asked about, ended, parked and still open; whether Kraken is silent."""

    ended: int
    parked: int
    still_open: int | None
    """None after a round as large as it may be: then more may be due, and the next one counts."""
    next_in: float | None
    """Seconds until the next record is due, 0 for now; None when none is open."""
    is_silent: bool


async def ask_due(*, systems: Systems, session: KrakenSession, wave: Wave, ref: BatchRef, most: int) -> Round:
    """Ask about at most `most` due records of the batch, the longest due first. Returns the result.

    Another asker of the same batch is given other records. Raises `SystemicFault` when no record can be asked
    about; the wave is stopped then.
    """
    records = await asyncio.to_thread(_take, systems, ref, most)
    asked = await ask(systems=systems, session=session, wave=wave, records=records)
    is_full = len(records) == most
    outlook = None if is_full else await asyncio.to_thread(outlook_of, systems=systems, ref=ref)
    return Round(
        ended=asked.ended,
        parked=asked.parked,
        still_open=None if outlook is None else outlook.open,
        next_in=0.0 if outlook is None else outlook.seconds,
        is_silent=asked.is_silent,
    )


async def ask_for_room(*, systems: Systems, session: KrakenSession, wave: Wave, ref: BatchRef) -> int:
    """Ask about records whose end makes room at a Kraken that takes no more. Returns how many have ended.

    Asks about due records, and about the oldest as long as they turn out to have ended. Raises
    `SystemicFault`.
    """
    records = await asyncio.to_thread(_take, systems, ref, _DUE_AT_ONCE)
    due = await ask(systems=systems, session=session, wave=wave, records=records)
    ended, most = due.ended, _OLDEST_AT_ONCE
    while not due.is_silent:
        records = await asyncio.to_thread(_take_oldest, systems, ref, most)
        if not records:
            break
        asked = await ask(systems=systems, session=session, wave=wave, records=records)
        ended += asked.ended
        if asked.ended < most:
            break
        most *= 2
    return ended


def wave_of(*, systems: Systems, ref: WaveRef) -> Wave:
    """Return the wave as it is now. Raises `SystemicFault` where the settings lead to another Kraken."""
    with systems.tracking.connect() as connection:
        return wave_for_kraken(connection=connection, ref=ref, kraken=systems.kraken)


def outlook_of(*, systems: Systems, ref: BatchRef) -> Outlook:
    """Return what the batch has open, and when the next of it is due."""
    with systems.tracking.connect() as connection:
        return looks.outlook(connection=connection, ref=ref)


def _take_oldest(systems: Systems, ref: BatchRef, most: int) -> list[OpenRecord]:
    with systems.tracking.begin() as connection:
        return looks.oldest(connection=connection, ref=ref, most=most, rest=_REST)


def _take(systems: Systems, ref: BatchRef, most: int) -> list[OpenRecord]:
    with systems.tracking.begin() as connection:
        return looks.due(connection=connection, ref=ref, most=most)
