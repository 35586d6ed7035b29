"""Creates the valid records of a batch in Kraken: never one twice, never one forgotten.

Kraken has no idempotency key, so every create is preceded by a committed intent, and an intent whose
outcome is unknown is looked up at the status endpoint before anything else is sent for that record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from kraken_import.client.answers import (
    Accepted,
    AlreadyImported,
    FailedValidation,
    Forbidden,
    Misrouted,
    NotFound,
    NotSent,
    ProcessStatus,
    Refused,
    SupplierPaused,
    Throttled,
    Unauthorised,
    Unknown,
)
from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import REOPENABLE, Mode, State, belongs_to_mode, state_of_status
from kraken_import.tracking import gate, processes, reruns, waves
from kraken_import.tracking.evidence import Stage
from kraken_import.tracking.processes import Move, Open, Ready
from kraken_import.tracking.waves import BatchIsBusy, Wave
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
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.gate import NOT_APPROVED, unapproved
from kraken_import.usecases.policy import task_params, window_is_over
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.verdict import absent_from, in_the_way, judge
from transforms.findings import Finding

_CHUNKS_IN_FLIGHT: Final = 4
"""Intents committed ahead for each request in flight: the most that a crash leaves to be looked up."""

_HOLD_BACK: Final = 10.0
"""Seconds to hold back creates when Kraken asks for it without saying how long."""

_MANY: Final = 10
"""Unanswered creates in one chunk that are taken for an outage, when none was answered."""

_LOOK_AGAIN: Final = 1.0

_WATCH: Final = 1.0
"""Seconds between two looks at whether the wave was stopped or paused while a chunk is sent."""

_UNSENT: Final = Exchange(answer=NotSent(reason="held back"), http_status=None, body=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOutcome:
    """The batch's records by state, and for how many seconds Kraken wants no more creates (None: done).

    0 with `paused`: creates wait until somebody resumes the wave.
    """

    counts: dict[str, int]
    hold_back: float | None
    paused: bool = False


async def create_batch(
    *,
    tracking: Engine,
    kraken: KrakenSettings,
    refresh: Refresh,
    wave_id: int,
    batch: int,
    rerun_id: int | None = None,
    clock: Clock = utc_now,
) -> CreateOutcome:
    """Create the valid records of a batch and settle every doubt about them.

    Raises `SystemicFault` (the wave is stopped then, or was), `Retryable` when another worker still
    works on the batch or when doubts could not be settled. What was answered is recorded in any case.
    """
    try:
        with waves.batch_lock(engine=tracking, wave_id=wave_id, batch=batch) as connection:
            with connection.begin():
                wave = wave_for_kraken(
                    connection=connection, wave_id=wave_id, kraken=kraken, rerun_id=rerun_id
                )
            async with open_session(kraken=kraken, refresh=refresh, wave=wave) as session:
                creator = _Creator(
                    tracking=tracking,
                    connection=connection,
                    session=session,
                    wave=wave,
                    batch=batch,
                    window=timedelta(seconds=kraken.visibility_window),
                    clock=clock,
                )
                hold_back = await creator.run()
            with connection.begin():
                counts = batch_counts(connection=connection, wave_id=wave_id, batch=batch, rerun_id=rerun_id)
                uncovered = gate.uncovered(
                    connection=connection, wave_id=wave_id, batch=batch, rerun_id=rerun_id
                )
                wave = reruns.load_wave(connection=connection, wave_id=wave_id, rerun_id=rerun_id)
    except BatchIsBusy as busy:
        raise Retryable(str(busy)) from busy
    if State.VALID in counts and hold_back is None:
        refuse_if_stopped(wave=wave)
        if uncovered >= counts[State.VALID]:
            raise SystemicFault(code=NOT_APPROVED, reason=unapproved(wave=wave, records=uncovered))
        if window_is_over(policy=wave.policy, now=clock() + timedelta(seconds=kraken.visibility_window)):
            raise stop(tracking=tracking, wave=wave, fault=_too_late(wave=wave), now=clock())
        # Paused, or resumed just now: either way what is valid still has to be created.
        hold_back = 0.0 if wave.is_paused else _LOOK_AGAIN
    return CreateOutcome(
        counts={state.value: records for state, records in counts.items()},
        hold_back=hold_back,
        paused=wave.is_paused,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Creator:
    """One task's work on one batch, on the connection that holds the batch's lock."""

    tracking: Engine
    connection: Connection
    session: KrakenSession
    wave: Wave
    batch: int
    window: timedelta
    clock: Clock

    async def run(self) -> float | None:
        """Create until nothing valid is left; seconds to hold back when Kraken asked for that."""
        # Doubts that a crashed worker left are older than anything below, so they are looked up first.
        await self._settle(patient=False)
        while True:
            hold_back = await self._create_valid()
            if hold_back is not None:
                return hold_back
            if not await self._settle(patient=True):
                return None

    async def _create_valid(self) -> float | None:
        most = _CHUNKS_IN_FLIGHT * self.session.requests_in_flight
        while chunk := await asyncio.to_thread(self._intend, most):
            exchanges = await self._send(chunk)
            moves = await self._moves(chunk, exchanges)
            await asyncio.to_thread(self._record, moves, "create")
            self._raise_fault(exchanges)
            await asyncio.to_thread(self._raise_beyond_budget)
            waits = [
                exchange.answer.retry_after or _HOLD_BACK
                for exchange in exchanges
                if isinstance(exchange.answer, Throttled)
            ]
            if waits:
                return max(waits)
        return None

    def _raise_beyond_budget(self) -> None:
        fault = budget_fault(tracking=self.tracking, wave=self.wave, stage="load")
        if fault is not None:
            raise stop(tracking=self.tracking, wave=self.wave, fault=fault, now=self.clock())

    def _intend(self, most: int) -> list[Ready]:
        if window_is_over(policy=self.wave.policy, now=self.clock() + self.window):
            return []
        with self.connection.begin():
            return processes.intend(
                connection=self.connection,
                wave_id=self.wave.id,
                batch=self.batch,
                most=most,
                at=self.clock(),
                rerun_id=self.wave.rerun_id,
            )

    async def _send(self, chunk: Sequence[Ready]) -> list[Exchange]:
        not_after = asyncio.get_running_loop().time() + self.window.total_seconds()
        params = task_params(
            policy=self.wave.policy,
            is_dry_run=self.wave.mode is Mode.REHEARSAL,
            sent_until=self.clock() + self.window,
        )
        exchanges = [_UNSENT] * len(chunk)
        turns = iter(range(len(chunk)))

        async def send() -> None:
            # What waits for its turn must not burn through the batch once one answer forbids it all.
            for turn in turns:
                found = await self._look_first(chunk[turn])
                exchange = exchanges[turn] = found or await self.session.create(
                    resource=self.wave.resource,
                    payload=chunk[turn].body,
                    task_params=params,
                    not_after=not_after,
                )
                if isinstance(exchange.answer, Throttled) or fault_of(answer=exchange.answer, wave=self.wave):
                    for _ in turns:
                        pass

        async def watch() -> None:
            # What was intended before the wave was stopped or paused need not be sent after it.
            while True:
                await asyncio.sleep(_WATCH)
                if not await asyncio.to_thread(self._may_create):
                    break
            for _ in turns:
                pass

        watcher = asyncio.create_task(watch())
        try:
            await asyncio.gather(*(send() for _ in range(self.session.requests_in_flight)))
        finally:
            watcher.cancel()
        return exchanges

    def _may_create(self) -> bool:
        try:
            return waves.may_create(engine=self.tracking, wave_id=self.wave.id, rerun_id=self.wave.rerun_id)
        except OperationalError:
            # Without the tracking database nobody can tell, and nothing could be recorded.
            return False

    async def _look_first(self, record: Ready) -> Exchange | None:
        """For a record that Kraken ended before: what stands in the way of creating it again, if anything.

        Between that end and now somebody at Kraken may have taken it up again, which only the status tells.
        """
        if not record.ended_before or self.wave.mode is Mode.REHEARSAL:
            return None
        exchange = await self._status(record.external_identifier)
        match exchange.answer:
            case ProcessStatus() as status:
                state = state_of_status(status=status.status)
                if state in REOPENABLE or not belongs_to_mode(state=state, mode=self.wave.mode):
                    return None
                taken_up = Finding(
                    code="taken_up_again",
                    path="",
                    detail="Kraken goes on with it by itself.",
                    origin="kraken",
                )
                return replace(
                    exchange,
                    answer=AlreadyImported(kraken_identifier=status.kraken_identifier, finding=taken_up),
                )
            case NotFound():
                return None
            case Unauthorised() | Forbidden() | SupplierPaused() | Misrouted():
                return exchange
            case _:
                # Nothing was sent for it, so it is valid still, and looked up again.
                return replace(exchange, answer=NotSent(reason="not looked up"))

    async def _moves(self, chunk: Sequence[Ready], exchanges: Sequence[Exchange]) -> list[Move]:
        moves = await asyncio.gather(
            *(self._move(record, exchange) for record, exchange in zip(chunk, exchanges, strict=True))
        )
        return [move for move in moves if move is not None]

    async def _move(self, record: Ready, exchange: Exchange) -> Move | None:
        """The step that follows from an answer to a create; None leaves it in doubt."""
        answer = raw(exchange=exchange)
        match exchange.answer:
            case Accepted():
                return Move(key=record.key, to=State.CREATED, answer=answer)
            case Refused(findings=findings):
                return _invalid(record, exchange, findings)
            case FailedValidation(finding=finding):
                again = await self.session.validate(resource=self.wave.resource, payload=record.body)
                if isinstance(again.answer, Refused):
                    return _invalid(record, again, again.answer.findings)
                return _invalid(record, exchange, (finding,))
            case AlreadyImported() as already:
                return await self._adopt(record, already)
            case Throttled() | NotSent() | Unauthorised() | Forbidden() | SupplierPaused():
                # Proof that nothing was created.
                return Move(key=record.key, to=State.VALID)
            case _:
                return None

    async def _adopt(self, record: Ready, already: AlreadyImported) -> Move | None:
        """Kraken has the record already: take what its status says, whoever created it and when."""
        exchange = await self._status(record.external_identifier)
        match exchange.answer:
            case ProcessStatus() as status:
                state = state_of_status(status=status.status)
                opened = Open(
                    id=record.id,
                    wave_id=record.wave_id,
                    external_identifier=record.external_identifier,
                    attempt=record.attempt,
                    state=State.CREATING,
                    intended_at=self.clock(),
                    evidence_from=None,
                    created_at=None,
                )
                if not belongs_to_mode(state=state, mode=self.wave.mode):
                    return in_the_way(record=opened, answer=status, mode=self.wave.mode)
                error = status.latest_error
                if state in (State.DRY_RUN_SUCCEEDED, State.DRY_RUN_ERRORED):
                    # The end of an earlier dry run says nothing of this payload.
                    return Move(
                        key=record.key,
                        to=State.ERRORED,
                        answer=raw(exchange=exchange),
                        findings=(already.finding,),
                        kraken_status=status.status,
                    )
                return Move(
                    key=record.key,
                    to=state,
                    answer=raw(exchange=exchange),
                    findings=() if error is None else (error,),
                    kraken_status=status.status,
                    kraken_identifier=status.kraken_identifier or already.kraken_identifier,
                    adopted=True,
                )
            case _:
                # It has the record, so it is open there, whatever the look-up failed for.
                return Move(
                    key=record.key,
                    to=State.MISSING,
                    answer=raw(exchange=exchange),
                    findings=(already.finding,),
                    kraken_identifier=already.kraken_identifier,
                    adopted=True,
                )

    def _record(self, moves: Sequence[Move], stage: Stage) -> None:
        with self.connection.begin():
            record_moves(connection=self.connection, moves=moves, stage=stage, at=self.clock())

    def _raise_fault(self, exchanges: Sequence[Exchange]) -> None:
        faults = (fault_of(answer=exchange.answer, wave=self.wave) for exchange in exchanges)
        fault = next((fault for fault in faults if fault is not None), None)
        if fault is None:
            unsent = sum(isinstance(exchange.answer, NotSent) for exchange in exchanges)
            lost = sum(isinstance(exchange.answer, NotSent | Unknown) for exchange in exchanges)
            if unsent == len(exchanges) or (lost == len(exchanges) and lost >= _MANY):
                fault = unreachable(wave=self.wave)
        if fault is not None:
            raise stop(tracking=self.tracking, wave=self.wave, fault=fault, now=self.clock())

    async def _settle(self, *, patient: bool) -> bool:
        """Look up every record in doubt; whether one was proved absent, so that it may be created.

        A patient call waits until a 404 proves something, and raises `Retryable` when Kraken does not
        answer even then.
        """
        released = False
        give_up_at = None
        while doubtful := await asyncio.to_thread(self._doubtful):
            if give_up_at is None:
                latest = max(record.intended_at for record in doubtful)
                give_up_at = absent_from(intended_at=latest, window=self.window) + self.window
            exchanges = await asyncio.gather(
                *(self._status(record.external_identifier) for record in doubtful)
            )
            now = self.clock()
            moves = [
                self._proved(record, exchange) for record, exchange in zip(doubtful, exchanges, strict=True)
            ]
            steps = [move for move in moves if move is not None]
            await asyncio.to_thread(self._record, steps, "status")
            released = released or any(step.to is State.VALID for step in steps)
            faults = (fault_of(answer=exchange.answer, wave=self.wave) for exchange in exchanges)
            fault = next((fault for fault in faults if fault is not None), None)
            if fault is not None:
                raise stop(tracking=self.tracking, wave=self.wave, fault=fault, now=now)
            if not patient or len(steps) == len(doubtful):
                return released
            if now > give_up_at:
                raise Retryable(
                    f"Kraken does not say whether it has {len(doubtful) - len(steps)} records of batch "
                    f"{self.batch}: they are looked up again before anything is sent for them."
                )
            await asyncio.sleep(min(_LOOK_AGAIN, self.window.total_seconds() / 4))
        return released

    def _doubtful(self) -> list[Open]:
        with self.connection.begin():
            return processes.in_doubt(
                connection=self.connection,
                wave_id=self.wave.id,
                batch=self.batch,
                states=(State.CREATING,),
                rerun_id=self.wave.rerun_id,
            )

    def _proved(self, record: Open, exchange: Exchange) -> Move | None:
        return judge(
            record=record,
            answer=exchange.answer,
            mode=self.wave.mode,
            now=self.clock(),
            window=self.window,
        )

    async def _status(self, external_identifier: str) -> Exchange:
        return await self.session.status(
            resource=self.wave.resource,
            import_supplier=self.wave.import_supplier,
            external_identifier=external_identifier,
        )


def _too_late(*, wave: Wave) -> SystemicFault:
    return SystemicFault(
        code="schedule_window_over",
        reason=(
            f"The schedule window of wave {wave.name!r} has ended, so Kraken would refuse its creates: "
            "cancel the wave, and plan another one with a later window."
        ),
    )


def _invalid(record: Ready, exchange: Exchange, findings: tuple[Finding, ...]) -> Move:
    return Move(key=record.key, to=State.INVALID, answer=raw(exchange=exchange), findings=findings)
