"""Asks Kraken how open import processes stand, until each has ended or the time is up.

Runs inside triggers, possibly twice at once: every write is a guarded transition that a second writer
repeats without effect, and everything that touches a database runs off the event loop.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine

from kraken_import.client.session import KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import AWAITING, State
from kraken_import.tracking import processes, progress, reruns, waves
from kraken_import.tracking.processes import Move, Open
from kraken_import.tracking.waves import BatchIsBusy, Wave
from kraken_import.usecases.budget import budget_fault
from kraken_import.usecases.calling import (
    Clock,
    Refresh,
    fault_of,
    open_session,
    raw,
    stop,
    utc_now,
    wave_for_kraken,
)
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.verdict import judge

_CHUNK: Final = 500
"""Status answers between two writes: progress is seen while a round goes on."""

_PAGE: Final = 5_000
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_SLOWER_BY: Final = 1.5
_LOOK_AGAIN: Final = 2.0
"""Seconds after which a paused wave is looked at again."""

_QUIET_FOR: Final = timedelta(seconds=40)
"""A process that was asked about more recently has a trigger of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollScope:
    """One batch of a wave, or a rerun's part of it; without them, all that went through a Connection."""

    wave_id: int | None = None
    batch: int | None = None
    rerun_id: int | None = None
    connection_id: str = "kraken"


async def poll(
    *,
    tracking: Engine,
    kraken: KrakenSettings,
    refresh: Refresh,
    scope: PollScope,
    until: datetime,
    hold_back: float | None = None,
    clock: Clock = utc_now,
) -> dict[str, int]:
    """Poll the processes in scope until all have ended, or until `until`; {"open": …, "ended": …}.

    With `hold_back` (seconds), return as soon as that time has passed and, if any was open, at least
    one has ended; while the wave is paused, not before it is resumed or stopped. A request without an
    answer is asked again and fails nothing. Raises `SystemicFault`.
    """
    was_paused = False
    resume_at = None if hold_back is None else clock() + timedelta(seconds=hold_back)
    ended = 0
    pause = _FIRST_PAUSE
    while True:
        still_open, ended_now = await _round(
            tracking=tracking, kraken=kraken, refresh=refresh, scope=scope, clock=clock
        )
        ended += ended_now
        now = clock()
        if resume_at is None:
            if not still_open or now >= until:
                break
        elif await asyncio.to_thread(_is_paused, tracking, scope):
            was_paused = True
            if now >= until:
                break
        elif was_paused or (now >= min(resume_at, until) and (ended or not still_open or now >= until)):
            break
        pause = _FIRST_PAUSE if ended_now else min(pause * _SLOWER_BY, _LONGEST_PAUSE)
        # Jitter keeps the batches of a wave from asking in step.
        latest = until if resume_at is None or now >= resume_at else min(resume_at, until)
        seconds = max(0.0, min(pause * random.uniform(0.8, 1.2), (latest - now).total_seconds()))
        if was_paused:
            await _sleep_while_paused(tracking, scope, seconds)
        else:
            await asyncio.sleep(seconds)
    return {"open": still_open, "ended": ended}


async def _sleep_while_paused(tracking: Engine, scope: PollScope, seconds: float) -> None:
    """Sleep, but not long beyond the end of a pause."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        await asyncio.sleep(min(left, _LOOK_AGAIN))
        if not await asyncio.to_thread(_is_paused, tracking, scope):
            return


async def _round(
    *, tracking: Engine, kraken: KrakenSettings, refresh: Refresh, scope: PollScope, clock: Clock
) -> tuple[int, int]:
    if scope.wave_id is not None and scope.batch is not None:
        wave = await asyncio.to_thread(_load, tracking, kraken, scope.wave_id, scope.rerun_id)
        records = await asyncio.to_thread(_of_batch, tracking, wave, scope.batch)
        async with open_session(kraken=kraken, refresh=refresh, wave=wave) as session:
            ended = await _ask(tracking, session, wave, kraken, records, clock)
        return len(records) - ended, ended
    ended = 0
    still_open = 0
    for wave_id in await asyncio.to_thread(_open_waves, tracking, scope.connection_id):
        try:
            wave = await asyncio.to_thread(_load, tracking, kraken, wave_id)
        except SystemicFault:
            # It went to another Kraken than this Connection leads to now: not ours to ask.
            continue
        async with open_session(kraken=kraken, refresh=refresh, wave=wave) as session:
            await _settle_doubts(tracking, session, wave, kraken, clock)
            after = 0
            while records := await asyncio.to_thread(_quiet_page, tracking, wave_id, after, clock()):
                ended += await _ask(tracking, session, wave, kraken, records, clock)
                after = records[-1].id
        still_open += await asyncio.to_thread(_count_open, tracking, wave_id)
    return still_open, ended


async def _ask(
    tracking: Engine,
    session: KrakenSession,
    wave: Wave,
    kraken: KrakenSettings,
    records: Sequence[Open],
    clock: Clock,
) -> int:
    """Ask once about each record and record what the answers prove; how many have ended."""
    ended = 0
    window = timedelta(seconds=kraken.visibility_window)
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        exchanges = await asyncio.gather(
            *(
                session.status(
                    resource=wave.resource,
                    import_supplier=wave.import_supplier,
                    external_identifier=record.external_identifier,
                )
                for record in chunk
            )
        )
        moves: list[Move] = []
        unchanged: list[int] = []
        for record, exchange in zip(chunk, exchanges, strict=True):
            move = judge(record=record, answer=exchange.answer, mode=wave.mode, now=clock(), window=window)
            if move is None:
                unchanged.append(record.id)
            else:
                moves.append(move.answered_by(answer=raw(exchange=exchange)))
        await asyncio.to_thread(_record, tracking, moves, unchanged, clock())
        ended_now = sum(move.to.is_settled for move in moves)
        ended += ended_now
        if ended_now:
            await asyncio.to_thread(_stop_beyond_budget, tracking, wave, clock())
        faults = (fault_of(answer=exchange.answer, wave=wave) for exchange in exchanges)
        fault = next((fault for fault in faults if fault is not None), None)
        if fault is not None:
            raise await asyncio.to_thread(
                partial(stop, tracking=tracking, wave=wave, fault=fault, now=clock())
            )
    return ended


async def _settle_doubts(
    tracking: Engine, session: KrakenSession, wave: Wave, kraken: KrakenSettings, clock: Clock
) -> None:
    """Look up creates whose outcome nobody knows, in batches that no worker is creating for."""
    doubtful = await asyncio.to_thread(_in_doubt, tracking, wave.id)
    for batch, records in doubtful.items():
        lock = waves.batch_lock(engine=tracking, wave_id=wave.id, batch=batch)
        try:
            await asyncio.to_thread(lock.__enter__)
        except BatchIsBusy:
            continue
        try:
            await _ask(tracking, session, wave, kraken, records, clock)
        finally:
            await asyncio.to_thread(lock.__exit__, None, None, None)


def _load(tracking: Engine, kraken: KrakenSettings, wave_id: int, rerun_id: int | None = None) -> Wave:
    with tracking.connect() as connection:
        return wave_for_kraken(connection=connection, wave_id=wave_id, kraken=kraken, rerun_id=rerun_id)


def _of_batch(tracking: Engine, wave: Wave, batch: int) -> list[Open]:
    with tracking.connect() as connection:
        return processes.in_doubt(
            connection=connection, wave_id=wave.id, batch=batch, states=AWAITING, rerun_id=wave.rerun_id
        )


def _open_waves(tracking: Engine, connection_id: str) -> list[int]:
    with tracking.connect() as connection:
        return processes.waves_with_open_processes(
            connection=connection, connection_id=connection_id, states=AWAITING | {State.CREATING}
        )


def _quiet_page(tracking: Engine, wave_id: int, after: int, now: datetime) -> list[Open]:
    with tracking.connect() as connection:
        return processes.open_page(
            connection=connection,
            wave_id=wave_id,
            states=AWAITING,
            after=after,
            most=_PAGE,
            quiet_since=now - _QUIET_FOR,
        )


def _count_open(tracking: Engine, wave_id: int) -> int:
    with tracking.connect() as connection:
        states = progress.wave_states(connection=connection, wave_id=wave_id)
    return sum(records for state, records in states.items() if state.is_open)


def _in_doubt(tracking: Engine, wave_id: int) -> dict[int, list[Open]]:
    with tracking.connect() as connection:
        return {
            batch: processes.in_doubt(
                connection=connection, wave_id=wave_id, batch=batch, states=(State.CREATING,)
            )
            for batch in waves.batches_in_state(
                connection=connection, wave_id=wave_id, states=(State.CREATING,)
            )
        }


def _stop_beyond_budget(tracking: Engine, wave: Wave, now: datetime) -> None:
    """Stop what creates; what is open is polled to its end all the same. A finished wave creates nothing."""
    if wave.finished_at is not None and wave.rerun_id is None:
        return
    fault = budget_fault(tracking=tracking, wave=wave, stage="load")
    if fault is not None:
        stop(tracking=tracking, wave=wave, fault=fault, now=now)


def _is_paused(tracking: Engine, scope: PollScope) -> bool:
    """Whether the creates of this scope wait to be resumed: a rerun may go on where its wave is stopped."""
    if scope.wave_id is None:
        return False
    with tracking.connect() as connection:
        return reruns.load_wave(
            connection=connection, wave_id=scope.wave_id, rerun_id=scope.rerun_id
        ).is_paused


def _record(tracking: Engine, moves: Sequence[Move], unchanged: Sequence[int], now: datetime) -> None:
    with tracking.begin() as connection:
        record_moves(connection=connection, moves=moves, stage="status", at=now)
        processes.touch(connection=connection, ids=unchanged, at=now)
