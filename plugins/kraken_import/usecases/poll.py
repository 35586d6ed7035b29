"""Polls what a batch has open at Kraken until it has ended, or until the batch may go on creating."""

from __future__ import annotations

import asyncio
from datetime import datetime

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.poller import Poller
from kraken_import.usecases.rounds import outlook_of, wave_of
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waits import Resumption


async def poll(
    *,
    systems: Systems,
    ref: BatchRef,
    until: datetime,
    resumption: Resumption | None = None,
    connection_id: str = "kraken",
) -> dict[str, int]:
    """Poll what the batch has open until all have ended, or until `until`. Returns {"open": …, "ended": …}.

    With `resumption` it returns as soon as the batch may go on. A request without an answer is asked again
    and fails nothing. All calls in one event loop over the same `connection_id` share one poller. Raises
    `SystemicFault`.
    """
    still_open: int | None = None
    ended = 0
    if resumption is not None and resumption.why == "outage":
        wave = await asyncio.to_thread(wave_of, systems=systems, ref=ref.wave)
        await Poller.of(systems=systems, connection_id=connection_id).wait_out(wave=wave)
    else:
        poller = Poller.of(systems=systems, connection_id=connection_id)
        wait = await poller.wait(ref=ref, until=until, resumption=resumption)
        still_open, ended = wait.still_open, wait.ended
    if still_open is None:
        still_open = (await asyncio.to_thread(outlook_of, systems=systems, ref=ref)).open
    return {"open": still_open, "ended": ended}
