"""Sends the creates of a chunk, and stops as soon as the rest of it must not, or need not, leave."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from kraken_import.client.answers import (
    AlreadyImported,
    Forbidden,
    NotFound,
    NotSent,
    ProcessStatus,
    SupplierPaused,
    Throttled,
    Unauthorised,
)
from kraken_import.client.network import Deadline
from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.domain.lifecycle import (
    ENDED_AT_KRAKEN,
    REOPENABLE,
    Mode,
    State,
    belongs_to_mode,
    state_of_status,
)
from kraken_import.tracking.processes import ReadyRecord
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.verdicts import FORBIDS_ALL, MANY, TAKEN_UP, Signal, signal_of
from transforms.database import DatabaseInterrupted

_WATCH: Final = 1.0
"""Seconds between two checks whether the wave was stopped or paused while a chunk is sent."""

_UNSENT: Final = Exchange(answer=NotSent(reason="held back", never_tried=True), http_status=None, body=b"")


@dataclass(slots=True, kw_only=True, eq=False)
class Sending:
    """A chunk on its way, over one session: its requests leave once those of the chunk before it have.

    `may_create` asks the database whether creates may still leave.
    """

    session: KrakenSession
    wave: Wave
    may_create: Callable[[], bool]
    chunk: Sequence[ReadyRecord]
    task_params: Mapping[str, Any] | None
    deadline: Deadline
    follower: Sending | None = None
    """The chunk that comes next, if its intents are committed already."""
    exchanges: list[Exchange] = field(init=False)
    is_held: bool = False
    has_left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when no further request of it will leave."""
    _turns: Iterator[int] = field(init=False)
    _task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.exchanges = [_UNSENT] * len(self.chunk)
        self._turns = iter(range(len(self.chunk)))

    def begin(self, *, after: Sending | None = None) -> None:
        """Send each record once, none after the deadline; the first when the last of `after` has left."""
        if after is not None:
            after.follower = self
            if after.is_held:
                self.hold()
        self._task = asyncio.create_task(self._send(after))

    async def answered(self) -> list[Exchange]:
        """Return the exchanges in order, once all are over."""
        await self._task
        return self.exchanges

    def hold(self) -> None:
        """Let nothing more of this chunk leave, nor of the one behind it."""
        self.is_held = True
        for _ in self._turns:
            pass
        self.has_left.set()
        if self.follower is not None:
            self.follower.hold()

    def break_off(self) -> None:
        """Give up what is under way too: no answer to it can be recorded."""
        self.hold()
        self._task.cancel()
        # What it may have met is met again by what goes on.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _send(self, after: Sending | None) -> None:
        # Counted since the last good answer, except for what is counted over all answers.
        seen: Counter[Signal] = Counter()

        async def work() -> None:
            for turn in self._turns:
                record = self.chunk[turn]
                found = await self._look_first(record) if self._may_be_there(record) else None
                exchange = self.exchanges[turn] = found or await self.session.create(
                    resource=self.wave.resource,
                    payload=record.body,
                    task_params=self.task_params,
                    deadline=self.deadline,
                )
                signal = signal_of(answer=exchange.answer)
                seen[signal] += 1
                if signal is Signal.FINE:
                    seen.pop(Signal.FORBIDDEN, None)
                elif _is_enough(seen):
                    self.hold()
            self.has_left.set()

        watcher = asyncio.create_task(self._watch())
        try:
            if after is not None:
                await after.has_left.wait()
            at_once = self.session.requests_in_flight
            # Otherwise a session would never seem to need more places than it has.
            with self.session.expecting(requests=max(at_once, len(self.chunk))):
                await asyncio.gather(*(work() for _ in range(at_once)))
        finally:
            watcher.cancel()

    async def _watch(self) -> None:
        """Hold it when the wave is stopped or paused: intents from before that need not be sent after it."""
        while True:
            await asyncio.sleep(_WATCH)
            if not await asyncio.to_thread(self._may_create):
                break
        self.hold()

    def _may_create(self) -> bool:
        try:
            return self.may_create()
        except (OperationalError, DatabaseInterrupted):
            # Without the tracking database this cannot be known, and no answer could be recorded.
            return False

    def _may_be_there(self, record: ReadyRecord) -> bool:
        """Return whether only the status tells that Kraken does not have it already.

        What it ended before it may have resumed since. After a restore any record may be in Kraken.
        """
        return record.is_restored or (record.ended_before and self.wave.mode is Mode.LIVE)

    async def _look_first(self, record: ReadyRecord) -> Exchange | None:
        """Look up a record that Kraken may have. Returns what prevents creating it, if anything."""
        exchange = await self.session.status(
            resource=self.wave.resource,
            import_supplier=self.wave.import_supplier,
            external_identifier=record.external_identifier,
        )
        match exchange.answer:
            case ProcessStatus() as status:
                state = state_of_status(status=status.status)
                if _may_follow(state=state, mode=self.wave.mode, is_restored=record.is_restored):
                    return None
                taken_up = AlreadyImported(kraken_identifier=status.kraken_identifier, finding=TAKEN_UP)
                return replace(exchange, answer=taken_up)
            case NotFound():
                return None
            case Unauthorised() | Forbidden() | SupplierPaused() | Throttled():
                return exchange
            case _:
                # Nothing was sent for it, so it is still valid, and is looked up again.
                return replace(exchange, answer=NotSent(reason="not looked up"))


def _may_follow(*, state: State, mode: Mode, is_restored: bool) -> bool:
    """Return whether another create may follow one that Kraken shows in this state.

    After a restore a live create that has ended may be one that is not known here any more.
    """
    if not belongs_to_mode(state=state, mode=mode):
        return True
    if mode is Mode.REHEARSAL:
        return state in ENDED_AT_KRAKEN
    return state in REOPENABLE and not is_restored


def _is_enough(seen: Counter[Signal]) -> bool:
    """Return whether the rest of the chunk would only be refused, lost or forbidden as well."""
    if seen[Signal.BUSY] or any(seen[signal] for signal in FORBIDS_ALL):
        return True
    if seen[Signal.FORBIDDEN] > 1:
        return True
    return not seen[Signal.FINE] and seen[Signal.SILENT] + seen[Signal.MISROUTED] >= MANY
