"""One task's work on one batch: intents, creates, and the look-ups of what is in doubt."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from kraken_import.client.answers import AlreadyImported, Refused
from kraken_import.client.network import Deadline
from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.domain.lifecycle import FAILED, Mode, State
from kraken_import.tracking import processes, waves
from kraken_import.tracking.evidence import Answer, Key, Stage
from kraken_import.tracking.processes import Move, OpenRecord, ReadyRecord
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.admission import Admission, admit, count, learn
from kraken_import.usecases.asking import look_up, steps
from kraken_import.usecases.budget import budget_fault, has_answered, may_hurry
from kraken_import.usecases.calling import raw
from kraken_import.usecases.policy import task_params, window_is_over
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.rounds import ask_for_room
from kraken_import.usecases.ruling import Chunk, Judge, Ruled
from kraken_import.usecases.sending import Sending
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Course, Next, Ruling, Signal, Timing, Verdict
from kraken_import.usecases.waiting import HoldBack, throttled

_log = logging.getLogger(__name__)

_CHUNKS_IN_FLIGHT: Final = 4
"""Intents committed ahead for each request in flight: a crash leaves at most these to be looked up."""

_LARGE: Final = 128
"""Intents committed ahead where few requests are in flight: as many as 32 of them have."""

_LOOK_AGAIN: Final = 1.0
_LATELY: Final = timedelta(seconds=30)

_TELL_AGAIN: Final = 60.0
_LOOK_FOR_ROOM: Final = 0.25
_LONGEST_WITHOUT_ROOM: Final = 30.0
_WITHOUT_ROOM: Final = 10.0
"""Seconds after which a batch leaves its worker when no account has ended."""

_WAIT_HERE: Final = 5.0
"""Seconds to wait in the worker; for longer waits it is given back."""


@dataclass(slots=True, kw_only=True)
class Creator:
    """Creates on the connection that holds the batch's lock."""

    systems: Systems
    connection: Connection
    session: KrakenSession
    wave: Wave
    ref: BatchRef
    judge: Judge = field(init=False)
    without_room_since: float | None = None
    """Since when, on the loop's clock, Kraken has taken no further account and none was seen to end."""
    tell_at: float = -math.inf
    """When, on the loop's clock, people are told again that accounts must end first."""
    after: int = 0
    """The last record that was intended: none before it is left to be created, as far as is known."""
    is_free: bool = False
    """Whether no limit of Kraken's was known when the last chunk was intended."""
    goes_ahead: bool = False
    """Whether chunks are intended while the one before is sent, and are half as large for it."""
    may_hurry: bool = False
    """Whether the wave, or the rerun, has had enough creates answered for full chunks."""

    def __post_init__(self) -> None:
        self.judge = self._new_judge(met_outage=True)

    async def run(self) -> HoldBack | None:
        """Create until nothing valid is left and nothing is in doubt. Returns why it waits if it has to."""
        try:
            # Doubts that a crashed worker left are older than any below, so they are looked up first.
            await self._settle()
            while True:
                held = await self._create_valid()
                if held is not None:
                    return held
                released, wait = await self._settle()
                if wait is None and not released:
                    return None
                if wait is not None and not released:
                    if wait > _WAIT_HERE:
                        return _doubt(seconds=wait)
                    await asyncio.sleep(wait)
        except _Wait as wait_out:
            return wait_out.held

    async def _create_valid(self) -> HoldBack | None:
        while True:
            if self.session.pause > _WAIT_HERE:
                return throttled(seconds=self.session.pause)
            await asyncio.sleep(self.session.pause)
            most = await asyncio.to_thread(self._most)
            admission, sending = await self._intended(most)
            if sending is None:
                if admission.most or not await asyncio.to_thread(self._has_more):
                    return None
                held = admission.held or await self._wait_for_room(admission)
                if held is not None:
                    return held
                continue
            self.without_room_since = None
            held = await self._send(admission, sending)
            if held is not None:
                return held

    async def _intended(self, most: int) -> tuple[Admission, Sending | None]:
        """Intend the next chunk. Returns it ready to be sent; None where there is none."""
        # Before the intent: by the database's clock a create leaves within a window of it.
        deadline = Deadline(seconds=self.systems.window.total_seconds())
        admission, chunk = await asyncio.to_thread(self._intend, most)
        if not chunk:
            return admission, None
        sending = Sending(
            session=self.session,
            wave=self.wave,
            may_create=partial(waves.may_create, engine=self.systems.tracking, ref=self.wave.ref),
            chunk=chunk,
            task_params=self._task_params(),
            deadline=deadline,
        )
        return admission, sending

    async def _send(self, admission: Admission, sending: Sending) -> HoldBack | None:
        """Send a chunk, and the chunks that may be intended while the one before is sent.

        Returns why it waits if it has to. What the answers to a chunk forbid holds the one behind it as well:
        what of that has left by then is recorded, and the rest is valid again.
        """
        behind: Sending | None = None
        sending.begin()
        try:
            while True:
                of_behind, behind = await self._ahead(sending)
                held = await self._settle_chunk(admission, sending)
                if held is not None:
                    await self._settle_held(sending, behind)
                    return held
                if behind is None:
                    return None
                admission, sending, behind = of_behind, behind, None
        except Exception:
            # Without its connection the lock is lost, so that another worker may settle them by now.
            if not self.connection.invalidated:
                await self._settle_held(sending, behind)
            raise
        finally:
            for each in (sending, behind):
                if each is not None:
                    each.break_off()

    async def _ahead(self, sending: Sending) -> tuple[Admission, Sending | None]:
        """Intend the chunk behind one that is being sent, and have it follow, where that is possible."""
        none = Admission(most=0)
        if not (self.goes_ahead and self.is_free) or sending.is_held or self.session.pause:
            return none, None
        most = self._most()
        if not self.goes_ahead:
            return none, None
        try:
            of_behind, behind = await self._intended(most)
        except Exception:
            # The answers to what is under way are recorded first.
            sending.hold()
            await self._settle_chunk(none, sending)
            raise
        if behind is not None:
            behind.begin(after=sending)
        return of_behind, behind

    async def _settle_chunk(self, admission: Admission, sending: Sending) -> HoldBack | None:
        """Record what the answers to a chunk prove. Returns why the batch waits if they demand it.

        Raises `SystemicFault`; the wave is stopped then.
        """
        exchanges = await sending.answered()
        chunk = sending.chunk
        found = await self._verdicts(chunk, exchanges)
        answers = Chunk.of(records=chunk, found=found)
        ruled = await self.judge.rule(chunk=answers)
        if ruled.ruling.course is not Course.GO_ON:
            sending.hold()
        await asyncio.to_thread(self._record_creates, chunk, exchanges, found, ruled)
        held = await self.judge.follow(chunk=answers, ruling=ruled.ruling)
        if held is not None:
            return held
        if any(verdict.move is not None and verdict.move.to in FAILED for verdict in found):
            await asyncio.to_thread(self._raise_beyond_budget)
        await asyncio.to_thread(
            learn,
            systems=self.systems,
            admission=admission,
            exchanges=exchanges,
            places=self.session.requests_in_flight,
        )
        return None

    async def _settle_held(self, sending: Sending, behind: Sending | None) -> None:
        """Hold the chunk behind one that demands it, and record what of it has left.

        Nothing is decided by it: a create of it without an answer is in doubt, and is looked up later.
        """
        sending.hold()
        if behind is None:
            return
        exchanges = await behind.answered()
        found = await self._verdicts(behind.chunk, exchanges)
        undecided = Ruled(ruling=Ruling(course=Course.GO_ON))
        await asyncio.to_thread(self._record_creates, behind.chunk, exchanges, found, undecided)

    def _most(self) -> int:
        """Return how many creates to intend at once: few, until the budget can judge them."""
        if not self.may_hurry:
            self.may_hurry = may_hurry(tracking=self.systems.tracking, wave=self.wave)
        in_flight = self.session.requests_in_flight
        if not self.may_hurry:
            return max(1, in_flight // 2)
        most = self.session.chunk(rounds=_CHUNKS_IN_FLIGHT, most=_LARGE)
        # Only where answers take long and Kraken has no limit that they may be about. And a create that waits
        # for its turn must leave within a window of its intent.
        seconds, window = self.session.seconds_for(requests=most), self.systems.window.total_seconds()
        self.goes_ahead = self.is_free and self.session.is_distant and seconds < window / 2
        # A chunk, and the one that is intended before it is answered, are as many as one otherwise.
        return -(-most // 2) if self.goes_ahead else most

    def _task_params(self) -> Mapping[str, Any] | None:
        return task_params(
            policy=self.wave.policy,
            is_dry_run=self.wave.mode is Mode.REHEARSAL,
            sent_until=self.systems.clock() + self.systems.window,
        )

    def _raise_beyond_budget(self) -> None:
        fault = budget_fault(tracking=self.systems.tracking, wave=self.wave, stage="load")
        if fault is not None:
            raise self.judge.stopped(fault)

    def _intend(self, most: int) -> tuple[Admission, list[ReadyRecord]]:
        now = self.systems.clock()
        if window_is_over(policy=self.wave.policy, now=now + self.systems.window):
            return Admission(most=most), []
        kraken = self.systems.kraken
        with self.connection.begin():
            admission = admit(connection=self.connection, kraken=kraken, most=most)
            self.is_free = admission.is_free
            chunk = self._next(most=admission.most, at=now)
            count(connection=self.connection, kraken=kraken, creates=len(chunk))
        return admission, chunk

    def _next(self, *, most: int, at: datetime) -> list[ReadyRecord]:
        """Intend the next valid records: those behind the last ones, and from the first when none is."""
        chunk = processes.intend(connection=self.connection, ref=self.ref, most=most, at=at, after=self.after)
        if not chunk and self.after and most:
            self.after = 0
            chunk = processes.intend(connection=self.connection, ref=self.ref, most=most, at=at)
        if chunk:
            self.after = chunk[-1].id
        return chunk

    def _has_more(self) -> bool:
        """Return whether records are left that may be created."""
        if not waves.may_create(engine=self.systems.tracking, ref=self.wave.ref):
            return False
        with self.connection.begin():
            return bool(
                processes.ready(
                    connection=self.connection, ref=self.ref, states=(State.VALID,), after=0, most=1
                )
            )

    async def _wait_for_room(self, admission: Admission) -> HoldBack | None:
        """Poll what this batch has at Kraken, since Kraken takes no account until one has ended.

        Returns why the worker is given back, if none has ended for long.
        """
        loop = asyncio.get_running_loop()
        if self.without_room_since is None:
            self.without_room_since = loop.time()
        if loop.time() >= self.tell_at:
            self.tell_at = loop.time() + _TELL_AGAIN
            _log.info("%s", _as_accounts_end(systems=self.systems, admission=admission))
        ended = await ask_for_room(systems=self.systems, session=self.session, wave=self.wave, ref=self.ref)
        if ended:
            self.without_room_since = None
            return None
        if loop.time() - self.without_room_since > _LONGEST_WITHOUT_ROOM:
            return _no_room(systems=self.systems)
        await asyncio.sleep(max(_LOOK_FOR_ROOM, admission.seconds))
        return None

    async def _verdicts(self, chunk: Sequence[ReadyRecord], exchanges: Sequence[Exchange]) -> list[Verdict]:
        """Return what the answers to creates prove, after any questions that must be asked first."""
        found = [
            verdicts.after_create(key=record.key, answer=exchange.answer)
            for record, exchange in zip(chunk, exchanges, strict=True)
        ]
        # Most prove something by themselves, and need no task to ask.
        unclear = [
            place
            for place, (verdict, exchange) in enumerate(zip(found, exchanges, strict=True))
            if verdict.next is Next.EXPLAIN or isinstance(exchange.answer, AlreadyImported)
        ]
        asked = await asyncio.gather(
            *(self._asked(chunk[place], exchanges[place], found[place]) for place in unclear)
        )
        known = dict(zip(unclear, asked, strict=True))
        return [known.get(place, verdict) for place, verdict in enumerate(found)]

    async def _asked(self, record: ReadyRecord, exchange: Exchange, found: Verdict) -> Verdict:
        """Return what an answer to a create proves, once Kraken has said more about it."""
        if found.next is Next.EXPLAIN:
            again = await self.session.validate(resource=self.wave.resource, payload=record.body)
            if isinstance(again.answer, Refused):
                exchange, found = again, verdicts.after_validation(key=record.key, answer=again.answer)
            elif isinstance(again.answer, AlreadyImported):
                exchange = again
            elif verdicts.signal_of(answer=again.answer) in verdicts.FORBIDS_ALL:
                # A fault that affects every record of the wave is not this record's own.
                exchange, found = again, verdicts.after_create(key=record.key, answer=again.answer)
        if isinstance(exchange.answer, AlreadyImported):
            already = exchange.answer
            exchange = await self._status(record.external_identifier)
            adopted = verdicts.after_adoption(
                key=record.key, already=already, answer=exchange.answer, mode=self.wave.mode
            )
            found = replace(found, move=adopted.move)
        return found if found.move is None else replace(found, move=_answered(found.move, exchange))

    def _record_creates(
        self,
        chunk: Sequence[ReadyRecord],
        exchanges: Sequence[Exchange],
        found: Sequence[Verdict],
        ruled: Ruled,
    ) -> None:
        moves: list[Move] = []
        doubtful: list[tuple[Key, Answer]] = []
        for place, (record, exchange, verdict) in enumerate(zip(chunk, exchanges, found, strict=True)):
            # A failure while Kraken answers other records as it should is the record's own.
            if place in ruled.forbidden:
                step = verdicts.park_forbidden(key=record.key)
                moves.append(step.answered_by(answer=raw(exchange=exchange)))
            elif verdict.move is None:
                doubtful.append((record.key, raw(exchange=exchange)))
            elif verdict.signal is Signal.SILENT and ruled.counts:
                moves.append(verdicts.not_sent(key=record.key, doubts=record.doubts))
            else:
                moves.append(_answered(verdict.move, exchange))
        with self.connection.begin():
            self._write(moves, stage="create")
            processes.doubt(
                connection=self.connection,
                doubtful=doubtful,
                counts=ruled.counts,
                at=self.systems.clock(),
            )

    def _new_judge(self, *, met_outage: bool) -> Judge:
        return Judge(
            systems=self.systems,
            session=self.session,
            wave=self.wave,
            # It has validated these records.
            has_answered=lambda: True,
            answers_lately=self._answers_lately,
            met_outage=met_outage,
        )

    def _answers_lately(self) -> bool:
        """Return whether Kraken just answered creates of this wave, in other batches or earlier chunks."""
        since = self.systems.clock() - _LATELY
        return has_answered(tracking=self.systems.tracking, wave=self.wave, since=since)

    async def _settle(self) -> tuple[bool, float | None]:
        """Look up every record in doubt.

        Returns whether one was proved absent, so that it may be created, and the seconds until more can be
        proved (None: nothing is in doubt).
        """
        doubtful = await asyncio.to_thread(self._doubtful)
        if not doubtful:
            return False, None
        timing = Timing(window=self.systems.window, request=self.systems.longest_request)
        looked_up = await look_up(session=self.session, wave=self.wave, timing=timing, records=doubtful)
        signals = [each.verdict.signal for each in looked_up]
        # An answer about a status does not end an outage of creating. And where another record is answered,
        # it is not an outage, however many are not.
        judge = self._new_judge(met_outage=False)
        answers = Chunk(signals=signals, doubts=[1] * len(signals))
        ruling = (await judge.rule(chunk=answers)).ruling
        moves = steps(looked_up=looked_up, ruling=ruling, timing=timing)
        moved = {move.key.id for move in moves}
        left = [record for record in doubtful if record.id not in moved]
        await asyncio.to_thread(self._record_status, moves)
        held = await judge.follow(chunk=answers, ruling=ruling)
        if held is not None:
            raise _Wait(held)
        released = any(move.to is State.VALID for move in moves)
        if not left:
            return released, None
        soonest = min(timing.absent_from(record=record) - record.seen_at for record in left).total_seconds()
        if soonest <= 0:
            # It could be proved if an answer came.
            return released, self.systems.window.total_seconds()
        return released, max(_LOOK_AGAIN, soonest)

    def _doubtful(self) -> list[OpenRecord]:
        with self.connection.begin():
            return _rebased(connection=self.connection, ref=self.ref)

    def _record_status(self, moves: Sequence[Move]) -> None:
        with self.connection.begin():
            self._write(moves, stage="status")

    def _write(self, moves: Sequence[Move], *, stage: Stage) -> None:
        # What is still to be created was not: it is counted again when it is sent again. This comes first,
        # since a worker that intends locks the row of the Kraken before those of records too.
        undone = sum(move.to is State.VALID for move in moves)
        if undone:
            self.after = 0
        count(connection=self.connection, kraken=self.systems.kraken, creates=-undone)
        record_moves(
            connection=self.connection,
            moves=moves,
            dialect=self.wave.dialect,
            stage=stage,
            at=self.systems.clock(),
        )

    async def _status(self, external_identifier: str) -> Exchange:
        return await self.session.status(
            resource=self.wave.resource,
            import_supplier=self.wave.import_supplier,
            external_identifier=external_identifier,
        )


class _Wait(Exception):
    """No more questions go to this Kraken for now."""

    def __init__(self, held: HoldBack) -> None:
        super().__init__(held.sentence)
        self.held = held


def _answered(step: Move, exchange: Exchange) -> Move:
    """Return the step with the answer that proves it, unless it has another one or needs none."""
    if step.to is State.VALID or step.answer is not None:
        return step
    return step.answered_by(answer=raw(exchange=exchange))


def _rebased(*, connection: Connection, ref: BatchRef) -> list[OpenRecord]:
    """Return the records in doubt, none of them with a time in the future."""
    found = processes.in_doubt(connection=connection, ref=ref, states=(State.CREATING,))
    ahead = [
        record.id
        for record in found
        if max(record.intended_at, record.doubted_at or record.intended_at) > record.seen_at
    ]
    if not ahead:
        return found
    processes.rebase(connection=connection, ids=ahead)
    return processes.in_doubt(connection=connection, ref=ref, states=(State.CREATING,))


def _as_accounts_end(*, systems: Systems, admission: Admission) -> str:
    target = systems.kraken.target
    if admission.limit is None:
        return f"{target} wants no create for {admission.seconds:.0f} s: they go on by themselves."
    return (
        f"{target} takes {admission.limit:,} accounts at once, and so many are under way: creates go on by "
        "themselves as accounts end."
    )


def _no_room(*, systems: Systems) -> HoldBack:
    return HoldBack(
        why="throttled",
        seconds=_WITHOUT_ROOM,
        sentence=(
            f"{systems.kraken.target} takes no further account until some have ended, and none has ended for "
            f"{_LONGEST_WITHOUT_ROOM:.0f} s; the worker is free meanwhile."
        ),
    )


def _doubt(*, seconds: float) -> HoldBack:
    return HoldBack(
        why="doubt",
        seconds=seconds,
        sentence=f"Creates without an answer are looked up again in {seconds:.0f} s; the worker is free.",
    )
