"""Asks Kraken to validate every built payload of a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.domain.lifecycle import State
from kraken_import.tracking import processes
from kraken_import.tracking.processes import Move, ReadyRecord
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.budget import budget_fault
from kraken_import.usecases.calling import (
    batch_counts,
    open_session,
    raw,
    refuse_if_stopped,
    stopped_when_sealed,
    wave_for_kraken,
)
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.ruling import Chunk, Judge, Ruled
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Course, Signal, Verdict
from kraken_import.usecases.waiting import (
    BatchOutcome,
    HoldBack,
    outage_under_way,
    seconds_to_wait,
    throttled,
)

_CHUNKS_IN_FLIGHT: Final = 8
"""Records in a chunk for each request in flight: enough to keep them busy, few enough to show progress."""

_LARGE: Final = 256
"""Records in a chunk where few requests are in flight: as many as 32 of them have."""

_BETWEEN_ROUNDS: Final = 1.0


async def validate_batch(*, systems: Systems, ref: BatchRef) -> BatchOutcome:
    """Validate the built records of a batch.

    Repeatable: a call validates what is still only built. A record without an answer while others are
    answered is parked. Raises `SystemicFault`; the wave is stopped then.
    """
    with systems.tracking.connect() as connection:
        wave = wave_for_kraken(connection=connection, ref=ref.wave, kraken=systems.kraken)
    held = await outage_under_way(systems=systems, wave=wave)
    if held is None:
        with stopped_when_sealed(systems=systems, wave=wave):
            async with open_session(systems=systems, wave=wave) as session:
                held = await _Validator(systems=systems, session=session, wave=wave, ref=ref).run()
    with systems.tracking.connect() as connection:
        return BatchOutcome(counts=batch_counts(connection=connection, ref=ref), held=held)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Following:
    """The chunk behind another one, or why it was not read."""

    chunk: Sequence[ReadyRecord] = ()
    error: Exception | None = None


@dataclass(slots=True, kw_only=True)
class _Validator:
    """One task's work on one batch."""

    systems: Systems
    session: KrakenSession
    wave: Wave
    ref: BatchRef
    judge: Judge = field(init=False)
    has_answered: bool = False
    wait: float | None = None
    """Seconds for which Kraken has asked for a pause in this round."""

    def __post_init__(self) -> None:
        self.judge = Judge(
            systems=self.systems,
            session=self.session,
            wave=self.wave,
            has_answered=lambda: self.has_answered or self._answered_before(),
            # An outage of validation costs nothing but time.
            answers_lately=lambda: False,
        )

    async def run(self) -> HoldBack | None:
        """Validate until no built record is left. Returns why it waits if it has to."""
        while True:
            self.wait = None
            unanswered, held = await self._round()
            if held is not None or not unanswered:
                return held
            if self.wait is not None:
                return throttled(seconds=self.wait)
            await asyncio.sleep(_BETWEEN_ROUNDS)

    async def _round(self) -> tuple[int, HoldBack | None]:
        """Ask once about each built record. Returns how many were not answered, and why it waits.

        The next chunk is asked about while one is recorded, since nothing comes of a validation: where the
        answers to one demand an end, the next is broken off, and what is still built is asked about again.
        """
        unanswered = 0
        chunk: Sequence[ReadyRecord] = await asyncio.to_thread(self._next_chunk, 0)
        asked = self._ask(chunk)
        try:
            while chunk:
                exchanges, following = await self._answered(chunk, asked)
                asked = self._ask(following.chunk)
                left, held = await self._settle(chunk, exchanges, asked)
                if held is not None:
                    return unanswered, held
                if following.error is not None:
                    raise following.error
                unanswered += left
                chunk = following.chunk
        finally:
            asked.cancel()
        return unanswered, None

    def _ask(self, chunk: Sequence[ReadyRecord]) -> asyncio.Task[list[Exchange]]:
        payloads = [record.body for record in chunk]
        return asyncio.create_task(self.session.validations(resource=self.wave.resource, payloads=payloads))

    async def _answered(
        self, chunk: Sequence[ReadyRecord], asked: asyncio.Task[list[Exchange]]
    ) -> tuple[list[Exchange], _Following]:
        """Return the answers to a chunk, and the chunk behind it, which is read meanwhile."""
        reading = asyncio.create_task(asyncio.to_thread(self._next_chunk, chunk[-1].id))
        try:
            exchanges = await asked
            (found,) = await asyncio.gather(reading, return_exceptions=True)
        finally:
            reading.cancel()
        if isinstance(found, Exception):
            # The answers that are there are recorded first.
            return exchanges, _Following(error=found)
        if isinstance(found, BaseException):
            raise found
        return exchanges, _Following(chunk=found)

    async def _settle(
        self, chunk: Sequence[ReadyRecord], exchanges: Sequence[Exchange], behind: asyncio.Task[Any]
    ) -> tuple[int, HoldBack | None]:
        """Record what the answers prove. Returns how many records were not answered, and why it waits.

        Where the answers demand anything but to go on, what is asked behind them is broken off at once.
        """
        found = [
            verdicts.after_validation(key=record.key, answer=exchange.answer)
            for record, exchange in zip(chunk, exchanges, strict=True)
        ]
        waits = [seconds_to_wait(answer=exchange.answer) for exchange in exchanges]
        self.wait = max((each for each in (self.wait, *waits) if each is not None), default=None)
        answers = Chunk.of(records=chunk, found=found)
        self.has_answered = self.has_answered or Signal.FINE in answers.signals
        ruled = await self.judge.rule(chunk=answers)
        if ruled.ruling.course is not Course.GO_ON:
            behind.cancel()
        moves = _moves(chunk, exchanges, found, ruled)
        await asyncio.to_thread(self._record, chunk, found, moves, ruled)
        held = await self.judge.follow(chunk=answers, ruling=ruled.ruling)
        if held is None and any(move.to is State.INVALID for move in moves):
            await asyncio.to_thread(self._raise_beyond_budget)
        return len(chunk) - len(moves), held

    def _next_chunk(self, after: int) -> list[ReadyRecord]:
        # The session's share of the requests may have changed since the last chunk.
        most = self.session.chunk(rounds=_CHUNKS_IN_FLIGHT, most=_LARGE)
        with self.systems.tracking.connect() as connection:
            refuse_if_stopped(
                wave=wave_for_kraken(connection=connection, ref=self.ref.wave, kraken=self.systems.kraken)
            )
            return processes.ready(
                connection=connection, ref=self.ref, states=(State.BUILT,), after=after, most=most
            )

    def _answered_before(self) -> bool:
        with self.systems.tracking.connect() as connection:
            return processes.any_validated(connection=connection, wave_id=self.wave.id)

    def _raise_beyond_budget(self) -> None:
        fault = budget_fault(tracking=self.systems.tracking, wave=self.wave, stage="validate")
        if fault is not None:
            raise self.judge.stopped(fault)

    def _record(
        self, chunk: Sequence[ReadyRecord], found: Sequence[Verdict], moves: Sequence[Move], ruled: Ruled
    ) -> None:
        lost = [
            record.id
            for record, verdict in zip(chunk, found, strict=True)
            if ruled.counts and verdict.signal.is_lost
        ]
        with self.systems.tracking.begin() as connection:
            record_moves(
                connection=connection,
                moves=moves,
                dialect=self.wave.dialect,
                stage="validate",
                at=self.systems.clock(),
            )
            processes.doubt_built(connection=connection, ids=lost)


def _moves(
    chunk: Sequence[ReadyRecord], exchanges: Sequence[Exchange], found: Sequence[Verdict], ruled: Ruled
) -> list[Move]:
    """Return the proved steps. A record without an answer is left the first time, then parked."""
    moves = []
    for place, (record, exchange, verdict) in enumerate(zip(chunk, exchanges, found, strict=True)):
        move = verdict.move
        # A failure while Kraken answers other records as it should is the record's own.
        if place in ruled.forbidden:
            move = verdicts.park_forbidden(key=record.key)
        elif record.doubts and ruled.counts and verdict.signal.is_lost:
            move = verdicts.park(
                key=record.key,
                code="never_answered",
                detail="Kraken validates other records, and gives no usable answer about this one.",
            )
        if move is not None:
            moves.append(move.answered_by(answer=raw(exchange=exchange)))
    return moves
