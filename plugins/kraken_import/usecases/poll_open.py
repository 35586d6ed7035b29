"""Polls what is open in every wave that went through a Connection and no longer has a task for it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from kraken_import.client.session import KrakenSession
from kraken_import.domain.lifecycle import OPEN, UNPROVED, State
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import looks, processes, waves
from kraken_import.tracking.processes import OpenRecord
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import BatchIsBusy, Wave
from kraken_import.usecases.asking import Asked, ask
from kraken_import.usecases.calling import open_session, wave_for_kraken
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import Pauses, sit_out_silence
from transforms.database import DatabaseInterrupted, UnableToQuery

_PAGE: Final = 1_000
"""Records taken at once: few enough to be asked about before they are due again."""

_DUE_FOR: Final = timedelta(seconds=30)
"""A record due for this long has no task that asks about it in time, or none at all."""


async def poll_open(*, systems: Systems, connection_id: str, until: datetime) -> dict[str, int]:
    """Poll until all have ended or until `until`. Returns {"open": …, "ended": …}.

    A wave that cannot be asked about does not hold up the others: the fault of the first such wave is raised
    at the end, once the others were asked about.
    """
    poller = _OpenPoller(systems=systems, connection_id=connection_id, until=until)
    ended = 0
    pauses = Pauses()
    while True:
        open_waves, ended_now = await poller.round()
        ended += ended_now
        now = systems.clock()
        if not open_waves or now >= until:
            break
        await asyncio.sleep(min(pauses.after(ended=ended_now), (until - now).total_seconds()))
    if poller.failed:
        raise next(iter(poller.failed.values()))
    still_open = await asyncio.to_thread(poller.count_open, open_waves)
    return {"open": still_open, "ended": ended}


class _OpenPoller:
    def __init__(self, *, systems: Systems, connection_id: str, until: datetime) -> None:
        self._systems = systems
        self._until = until
        self._connection_id = connection_id
        self.failed: dict[int, Exception] = {}
        """Waves that could not be asked about, and why: they are skipped for the rest of this run."""

    async def round(self) -> tuple[list[int], int]:
        """Ask once about everything. Returns the waves with open records, and how many records have ended."""
        ended = 0
        asked: list[int] = []
        for wave_id in await asyncio.to_thread(self._open_waves, UNPROVED):
            if wave_id in self.failed:
                continue
            wave = await asyncio.to_thread(self._load, wave_id)
            if wave is None:
                continue
            try:
                ended += await self._ask(wave)
            except (OperationalError, DatabaseInterrupted):
                # The database is gone for all of them.
                raise
            except (SystemicFault, UnableToQuery, SQLAlchemyError) as fault:
                self.failed[wave_id] = fault
            asked.append(wave_id)
        open_waves = await asyncio.to_thread(self._open_waves, OPEN)
        return [wave_id for wave_id in asked if wave_id in open_waves], ended

    async def _ask(self, wave: Wave) -> int:
        ended = 0
        async with open_session(systems=self._systems, wave=wave) as session:
            for batch in await asyncio.to_thread(self._batches_in_doubt, wave.id):
                asked = await self._settle(session, wave, BatchRef(wave_id=wave.id, batch=batch))
                if asked is not None and asked.is_silent:
                    await sit_out_silence(systems=self._systems, wave=wave, until=self._until)
                if self._systems.clock() >= self._until:
                    return ended
            after = (-1, 0)
            while records := await asyncio.to_thread(self._page, wave.id, after):
                asked = await ask(systems=self._systems, session=session, wave=wave, records=records)
                ended += asked.ended
                after = (records[-1].batch, records[-1].id)
                if asked.is_silent:
                    await sit_out_silence(systems=self._systems, wave=wave, until=self._until)
                if self._systems.clock() >= self._until:
                    break
        return ended

    async def _settle(self, session: KrakenSession, wave: Wave, ref: BatchRef) -> Asked | None:
        """Ask about the creates in doubt of a batch. Returns None where a worker creates for it."""
        lock = waves.batch_lock(engine=self._systems.tracking, ref=ref)
        try:
            await asyncio.to_thread(lock.__enter__)
        except BatchIsBusy:
            return None
        try:
            # Only now: a worker may have sent them again since they were last looked at.
            records = await asyncio.to_thread(self._in_doubt, ref)
            return await ask(systems=self._systems, session=session, wave=wave, records=records)
        finally:
            await asyncio.to_thread(lock.__exit__, None, None, None)

    def _load(self, wave_id: int) -> Wave | None:
        """Return the wave; None if it cannot be asked about.

        One that went to another Kraken than the Connection leads to now is left to that Kraken's Connection.
        """
        try:
            with self._systems.tracking.connect() as connection:
                return wave_for_kraken(
                    connection=connection, ref=WaveRef(wave_id=wave_id), kraken=self._systems.kraken
                )
        except SystemicFault as fault:
            if fault.code is not StopCode.OTHER_KRAKEN:
                self.failed[wave_id] = fault
            return None

    def _open_waves(self, states: Collection[State]) -> list[int]:
        with self._systems.tracking.connect() as connection:
            return looks.waves_with_open_processes(
                connection=connection,
                connection_id=self._connection_id,
                states=states,
            )

    def _page(self, wave_id: int, after: tuple[int, int]) -> list[OpenRecord]:
        with self._systems.tracking.begin() as connection:
            return looks.open_page(
                connection=connection, wave_id=wave_id, after=after, most=_PAGE, due_for=_DUE_FOR
            )

    def count_open(self, wave_ids: Collection[int]) -> int:
        """Count the open records of these waves."""
        with self._systems.tracking.connect() as connection:
            return looks.count_open(connection=connection, wave_ids=wave_ids)

    def _batches_in_doubt(self, wave_id: int) -> tuple[int, ...]:
        with self._systems.tracking.connect() as connection:
            return waves.batches_in_state(connection=connection, wave_id=wave_id, states=(State.CREATING,))

    def _in_doubt(self, ref: BatchRef) -> list[OpenRecord]:
        with self._systems.tracking.connect() as connection:
            return processes.in_doubt(connection=connection, ref=ref, states=(State.CREATING,))
