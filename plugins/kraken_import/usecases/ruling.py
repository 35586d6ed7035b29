"""What follows from the answers about one chunk of records: asks about one more where they are in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kraken_import.client.session import KrakenSession
from kraken_import.tracking import outages
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import MANY, Course, Ruling, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What follows for a chunk.

    `counts` says that missing answers are the records' own trouble, `forbidden` at which places 403s are;
    `in_a_row` counts records answered 403 with none answered as it should be after them.
    """

    ruling: Ruling
    counts: bool = False
    forbidden: frozenset[int] = frozenset()
    in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The answers about records in their order, and how often each went without one before."""

    signals: Sequence[Signal]
    doubts: Sequence[int]

    @property
    def lost(self) -> list[int]:
        """The earlier doubts of the records without an answer."""
        return [
            doubts
            for doubts, signal in zip(self.doubts, self.signals, strict=True)
            if signal in (Signal.SILENT, Signal.MISROUTED)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Rules over the chunks of one batch. Both questions are about this wave, and are asked off the loop."""

    systems: Systems
    session: KrakenSession
    wave: Wave
    has_answered: Callable[[], bool]
    """Whether this Kraken has ever answered as a data-import API."""
    answers_lately: Callable[[], bool]
    """Whether it has just answered the same requests about other records."""

    async def rule(self, *, chunk: Chunk, in_a_row: int = 0) -> Ruled:
        """What follows from a chunk, after `in_a_row` records that were answered 403."""
        has_fine = Signal.FINE in chunk.signals
        own = verdicts.of_one_record(signals=chunk.signals)
        forbidden = chunk.signals.count(Signal.FORBIDDEN) - len(own)
        in_a_row = forbidden + (0 if has_fine else in_a_row)
        if in_a_row > 1 and not has_fine:
            return Ruled(ruling=Ruling(course=Course.STOP, cause=Signal.FORBIDDEN))
        ruling = await self._ruling(chunk)
        is_own = ruling.course is Course.GO_ON
        if is_own and not has_fine:
            own = frozenset(place for place, each in enumerate(chunk.signals) if each is Signal.FORBIDDEN)
        if has_fine or len(chunk.lost) < MANY or ruling.course not in (Course.GO_ON, Course.HOLD_BACK):
            return Ruled(ruling=ruling, counts=is_own, forbidden=own, in_a_row=in_a_row)
        # Many without an answer: an outage of these requests, or records that have a trouble in common.
        outage = await asyncio.to_thread(self._outage)
        if outage is not None and not outage.is_given_up:
            return Ruled(ruling=Ruling(course=Course.HOLD_BACK), in_a_row=in_a_row)
        counts = is_own or outage is not None or await asyncio.to_thread(self.answers_lately)
        return Ruled(ruling=ruling, counts=counts, in_a_row=in_a_row)

    async def _ruling(self, chunk: Chunk) -> Ruling:
        ruling = verdicts.weigh(signals=chunk.signals)
        if ruling.course is not Course.CONFIRM:
            return ruling
        probe = await self.session.probe(
            resource=self.wave.resource, import_supplier=self.wave.import_supplier
        )
        return verdicts.confirm(
            probe=verdicts.signal_of(answer=probe.answer),
            silent=chunk.lost.count(0),
            has_answered=await asyncio.to_thread(self.has_answered),
        )

    def _outage(self) -> Outage | None:
        return outages.current(engine=self.systems.tracking, target_kraken=self.wave.target_kraken)
