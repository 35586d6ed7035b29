"""Asks Kraken once how records stand, and records what the answers prove.

Runs in triggers, possibly twice at once: every write is a guarded transition that a second writer repeats
without effect, and everything that touches a database runs off the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.lifecycle import FAILED, State
from kraken_import.tracking import processes
from kraken_import.tracking.processes import Move, Open
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.budget import budget_fault
from kraken_import.usecases.calling import fault_of, raw, stop
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Course, Ruling, Signal, Timing, Verdict

_CHUNK: Final = 500
"""Status answers between two writes: progress is seen while a round goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many records have ended, how many more were parked, and whether Kraken answers nothing at all."""

    ended: int
    parked: int
    is_silent: bool


async def ask(*, systems: Systems, session: KrakenSession, wave: Wave, records: Sequence[Open]) -> Asked:
    """Ask once about each record. Ends early when Kraken answers nothing at all.

    Raises `SystemicFault` when no record can be asked about; the wave is stopped then.
    """
    ended = parked = 0
    timing = Timing(window=systems.window, request=systems.longest_request)
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
        found = [
            verdicts.after_status(record=record, answer=exchange.answer, mode=wave.mode, timing=timing)
            for record, exchange in zip(chunk, exchanges, strict=True)
        ]
        ruling = await _rule(session, wave, found)
        moves = await asyncio.to_thread(_record, systems, chunk, exchanges, found, ruling, timing)
        ended_now = sum(move.to.is_settled for move in moves)
        ended += ended_now
        parked += sum(move.to is State.PARKED for move in moves)
        if any(move.to in FAILED for move in moves):
            await asyncio.to_thread(_stop_beyond_budget, systems, wave)
        fault = None if ruling.cause is None else fault_of(signal=ruling.cause, wave=wave)
        if fault is not None:
            raise await asyncio.to_thread(_stopped, systems, wave, fault)
        if ruling.course is Course.WAIT:
            return Asked(ended=ended, parked=parked, is_silent=True)
    return Asked(ended=ended, parked=parked, is_silent=False)


async def _rule(session: KrakenSession, wave: Wave, found: Sequence[Verdict]) -> Ruling:
    ruling = verdicts.weigh(signals=[verdict.signal for verdict in found])
    if ruling.course is not Course.CONFIRM:
        return ruling
    probe = await session.probe(resource=wave.resource, import_supplier=wave.import_supplier)
    # However many are not answered about: where another record is, the trouble is theirs.
    return verdicts.confirm(probe=verdicts.signal_of(answer=probe.answer), silent=0, has_answered=True)


def _record(
    systems: Systems,
    chunk: Sequence[Open],
    exchanges: Sequence[Exchange],
    found: Sequence[Verdict],
    ruling: Ruling,
    timing: Timing,
) -> list[Move]:
    moves: list[Move] = []
    answered: list[int] = []
    unanswered: list[int] = []
    # Of many without a single answer it is not their own trouble, whatever else Kraken answers.
    is_their_own = ruling.course is Course.GO_ON and verdicts.are_few(
        signals=[verdict.signal for verdict in found]
    )
    for record, exchange, verdict in zip(chunk, exchanges, found, strict=True):
        move = verdict.move
        if verdict.signal is Signal.FINE:
            answered.append(record.id)
        elif is_their_own and verdict.signal is not Signal.BUSY:
            unanswered.append(record.id)
            move = verdicts.unanswered(record=record, timing=timing)
        if move is not None:
            step = replace(move, intended_at=record.intended_at)
            moves.append(step.answered_by(answer=raw(exchange=exchange)))
    moved = {move.key.id for move in moves}
    with systems.tracking.begin() as connection:
        record_moves(connection=connection, moves=moves, stage="status", at=systems.clock())
        processes.touch(
            connection=connection,
            answered=[each for each in answered if each not in moved],
            unanswered=[each for each in unanswered if each not in moved],
        )
    return moves


def _stop_beyond_budget(systems: Systems, wave: Wave) -> None:
    """Stop what creates; what is open is polled to its end all the same. A finished wave creates nothing."""
    if wave.finished_at is not None and wave.rerun is None:
        return
    fault = budget_fault(tracking=systems.tracking, wave=wave, stage="load")
    if fault is not None:
        _stopped(systems, wave, fault)


def _stopped(systems: Systems, wave: Wave, fault: SystemicFault) -> SystemicFault:
    return stop(tracking=systems.tracking, wave=wave, fault=fault, now=systems.clock())
