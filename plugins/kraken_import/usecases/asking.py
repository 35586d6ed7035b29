"""Asks Kraken once how records stand, and records what the answers prove.

Runs in triggers, possibly twice at once: every write is a guarded transition that has no effect when it is
repeated, and everything that uses a database runs off the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.domain.lifecycle import FAILED, State
from kraken_import.tracking import looks
from kraken_import.tracking.processes import Move, OpenRecord
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.budget import budget_fault
from kraken_import.usecases.calling import fault_of, raw, stop
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.ruling import confirmed
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Course, Ruling, Signal, Timing, Verdict

_CHUNK: Final = 500
"""Status answers between two writes, so that progress is visible during a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many records have ended, how many more were parked, and whether Kraken answers nothing at all."""

    ended: int
    parked: int
    is_silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """A record, the status endpoint's answer about it, and what that proves."""

    record: OpenRecord
    exchange: Exchange
    verdict: Verdict


async def ask(
    *, systems: Systems, session: KrakenSession, wave: Wave, records: Sequence[OpenRecord]
) -> Asked:
    """Ask once about each record. Ends early when Kraken answers nothing at all.

    Raises `SystemicFault` when no record can be asked about; the wave is stopped then.
    """
    ended = parked = 0
    timing = Timing(window=systems.window, request=systems.longest_request)
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        looked_up = await look_up(session=session, wave=wave, timing=timing, records=chunk)
        # However many records get no answer: where another one is answered, the cause lies with them.
        ruling = await confirmed(
            session=session, wave=wave, signals=[each.verdict.signal for each in looked_up]
        )
        moves = await asyncio.to_thread(_record, systems, wave, looked_up, ruling, timing)
        ended_now = sum(move.to.is_settled for move in moves)
        ended += ended_now
        parked += sum(move.to is State.PARKED for move in moves)
        if any(move.to in FAILED for move in moves):
            await asyncio.to_thread(_stop_beyond_budget, systems, wave)
        cause = ruling.cause
        fault = None if cause is None else fault_of(signal=cause, wave=wave, problem=session.problem)
        if fault is not None:
            raise await asyncio.to_thread(_stopped, systems, wave, fault)
        if ruling.course is Course.WAIT:
            return Asked(ended=ended, parked=parked, is_silent=True)
    return Asked(ended=ended, parked=parked, is_silent=False)


async def look_up(
    *, session: KrakenSession, wave: Wave, timing: Timing, records: Sequence[OpenRecord]
) -> list[LookedUp]:
    """Ask for the status of each record. Returns the answers with what they prove."""
    exchanges = await session.statuses(
        resource=wave.resource,
        import_supplier=wave.import_supplier,
        external_identifiers=(record.external_identifier for record in records),
    )
    return [
        LookedUp(
            record=record,
            exchange=exchange,
            verdict=verdicts.after_status(
                record=record, answer=exchange.answer, mode=wave.mode, timing=timing
            ),
        )
        for record, exchange in zip(records, exchanges, strict=True)
    ]


def unheard(*, looked_up: Sequence[LookedUp], ruling: Ruling) -> list[OpenRecord]:
    """Return the records that got no answer because of something in themselves.

    If many were asked about and none got an answer, the cause lies elsewhere, even if Kraken answers others.
    """
    signals = [each.verdict.signal for each in looked_up]
    if ruling.course is not Course.GO_ON or not verdicts.are_few(signals=signals):
        return []
    return [each.record for each in looked_up if each.verdict.signal not in (Signal.FINE, Signal.BUSY)]


def steps(*, looked_up: Sequence[LookedUp], ruling: Ruling, timing: Timing) -> list[Move]:
    """Return the steps that the answers prove, each with its answer and the create that was asked about."""
    own = {record.id for record in unheard(looked_up=looked_up, ruling=ruling)}
    moves = []
    for each in looked_up:
        move = each.verdict.move
        if each.record.id in own:
            move = verdicts.unanswered(record=each.record, timing=timing)
        if move is not None:
            answer = raw(exchange=each.exchange)
            moves.append(replace(move, intended_at=each.record.intended_at, answer=answer))
    return moves


def _record(
    systems: Systems, wave: Wave, looked_up: Sequence[LookedUp], ruling: Ruling, timing: Timing
) -> list[Move]:
    moves = steps(looked_up=looked_up, ruling=ruling, timing=timing)
    moved = {move.key.id for move in moves}
    answered = [each.record.id for each in looked_up if each.verdict.signal is Signal.FINE]
    unanswered = [record.id for record in unheard(looked_up=looked_up, ruling=ruling)]
    with systems.tracking.begin() as connection:
        record_moves(
            connection=connection, moves=moves, dialect=wave.dialect, stage="status", at=systems.clock()
        )
        looks.hear(
            connection=connection,
            answered=[each for each in answered if each not in moved],
            unanswered=[each for each in unanswered if each not in moved],
        )
    return moves


def _stop_beyond_budget(systems: Systems, wave: Wave) -> None:
    """Stop creates that exceed the budget; what is open is still polled. A finished wave creates nothing."""
    if wave.finished_at is not None and wave.rerun is None:
        return
    fault = budget_fault(tracking=systems.tracking, wave=wave, stage="load")
    if fault is not None:
        _stopped(systems, wave, fault)


def _stopped(systems: Systems, wave: Wave, fault: SystemicFault) -> SystemicFault:
    return stop(tracking=systems.tracking, wave=wave, fault=fault, now=systems.clock())
