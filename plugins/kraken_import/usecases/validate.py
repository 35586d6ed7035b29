"""Asks Kraken to validate every built payload of a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import Engine

from kraken_import.client.answers import Accepted, AlreadyImported, Refused
from kraken_import.client.session import Exchange
from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import State
from kraken_import.tracking import processes
from kraken_import.tracking.processes import Move, Ready
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.budget import budget_fault
from kraken_import.usecases.calling import (
    Clock,
    Refresh,
    batch_counts,
    fault_of,
    open_session,
    raw,
    refuse_if_stopped,
    stop,
    unreachable,
    utc_now,
    wave_for_kraken,
)
from kraken_import.usecases.faults import Retryable
from kraken_import.usecases.recording import record_moves

_CHUNKS_IN_FLIGHT: Final = 8
"""Records in a chunk for each request in flight: enough to keep them busy, few enough to show progress."""


async def validate_batch(
    *,
    tracking: Engine,
    kraken: KrakenSettings,
    refresh: Refresh,
    wave_id: int,
    batch: int,
    rerun_id: int | None = None,
    clock: Clock = utc_now,
) -> dict[str, int]:
    """Validate the built records of a batch; the batch's records by state.

    Repeatable: a call validates what is still only built. Raises `SystemicFault` (the wave is stopped
    then) and, when single requests were not answered, `Retryable` at the end of the batch.
    """
    after = 0
    unanswered = 0
    with tracking.connect() as connection:
        wave = wave_for_kraken(connection=connection, wave_id=wave_id, kraken=kraken, rerun_id=rerun_id)
    async with open_session(kraken=kraken, refresh=refresh, wave=wave) as session:
        most = _CHUNKS_IN_FLIGHT * session.requests_in_flight
        while chunk := await asyncio.to_thread(_next_chunk, tracking, kraken, wave, batch, after, most):
            exchanges = await asyncio.gather(
                *(session.validate(resource=wave.resource, payload=record.body) for record in chunk)
            )
            moves = _moves(chunk=chunk, exchanges=exchanges)
            await asyncio.to_thread(_record, tracking, moves, clock)
            faults = (fault_of(answer=exchange.answer, wave=wave) for exchange in exchanges)
            fault = next((fault for fault in faults if fault is not None), None)
            if fault is None and not moves:
                fault = unreachable(wave=wave)
            if fault is None:
                fault = await asyncio.to_thread(
                    partial(budget_fault, tracking=tracking, wave=wave, stage="validate")
                )
            if fault is not None:
                raise stop(tracking=tracking, wave=wave, fault=fault, now=clock())
            unanswered += len(chunk) - len(moves)
            after = chunk[-1].id
    if unanswered:
        raise Retryable(
            f"Kraken did not answer {unanswered} validations of batch {batch}: they are tried again."
        )
    with tracking.connect() as connection:
        counts = batch_counts(connection=connection, wave_id=wave_id, batch=batch, rerun_id=rerun_id)
    return {state.value: records for state, records in counts.items()}


def _next_chunk(
    tracking: Engine, kraken: KrakenSettings, wave: Wave, batch: int, after: int, most: int
) -> list[Ready]:
    with tracking.connect() as connection:
        refuse_if_stopped(
            wave=wave_for_kraken(
                connection=connection, wave_id=wave.id, kraken=kraken, rerun_id=wave.rerun_id
            )
        )
        return processes.ready(
            connection=connection,
            wave_id=wave.id,
            rerun_id=wave.rerun_id,
            batch=batch,
            states=(State.BUILT,),
            after=after,
            most=most,
        )


def _moves(*, chunk: Sequence[Ready], exchanges: Sequence[Exchange]) -> list[Move]:
    moves = []
    for record, exchange in zip(chunk, exchanges, strict=True):
        match exchange.answer:
            # Whoever created what is there already: creating finds out, so the record may go on.
            case Accepted() | AlreadyImported():
                moves.append(Move(key=record.key, to=State.VALID, answer=raw(exchange=exchange)))
            case Refused(findings=findings):
                moves.append(
                    Move(
                        key=record.key,
                        to=State.INVALID,
                        answer=raw(exchange=exchange),
                        findings=findings,
                    )
                )
            case _:
                continue
    return moves


def _record(tracking: Engine, moves: Sequence[Move], clock: Clock) -> None:
    with tracking.begin() as connection:
        record_moves(connection=connection, moves=moves, stage="validate", at=clock())
