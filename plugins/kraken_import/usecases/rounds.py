"""Asks about what is due of one batch."""

from __future__ import annotations

import asyncio

from kraken_import.client.session import KrakenSession
from kraken_import.lifecycle import AWAITING
from kraken_import.tracking import processes
from kraken_import.tracking.processes import Open
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.asking import Asked, ask
from kraken_import.usecases.systems import Systems


async def ask_due(*, systems: Systems, session: KrakenSession, wave: Wave, ref: BatchRef, most: int) -> Asked:
    """Ask about up to `most` open records of a batch."""

    def load() -> list[Open]:
        with systems.tracking.connect() as connection:
            return processes.in_doubt(connection=connection, ref=ref, states=AWAITING)[:most]

    return await ask(systems=systems, session=session, wave=wave, records=await asyncio.to_thread(load))
