"""Decides what follows from the answers about a chunk: asks about one more record where they leave doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from kraken_import.client.session import KrakenSession
from kraken_import.tracking.processes import ReadyRecord
from kraken_import.tracking.waves import Wave
from kraken_import.usecases import verdicts
from kraken_import.usecases.calling import fault_of, stop
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import MANY, Course, Ruling, Signal, Verdict
from kraken_import.usecases.waiting import HoldBack, current_outage, end_outage, meet_outage
from transforms.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """The decision about a chunk.

    `counts` says that missing answers are the records' own trouble, `forbidden` at which places 403s are.
    """

    ruling: Ruling
    counts: bool = False
    forbidden: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The answers about records in their order, and how often each went without one before."""

    signals: Sequence[Signal]
    doubts: Sequence[int]
    refusal: Finding | None = None
    """The refusal of something that every record of the wave is sent with."""

    @classmethod
    def of(cls, *, records: Sequence[ReadyRecord], found: Sequence[Verdict]) -> Self:
        """Return the answers about records, of each of which a verdict was found."""
        return cls(
            signals=[verdict.signal for verdict in found],
            doubts=[record.doubts for record in records],
            refusal=verdicts.refusal_of(found=found),
        )

    @property
    def lost(self) -> list[int]:
        """The earlier doubts of the records without an answer."""
        return [doubts for doubts, signal in zip(self.doubts, self.signals, strict=True) if signal.is_lost]


async def confirmed(
    *,
    session: KrakenSession,
    wave: Wave,
    signals: Sequence[Signal],
    silent: int = 0,
    has_answered: Callable[[], bool] = lambda: True,
) -> Ruling:
    """Return what follows from answers, and from one about another record where none was as it should be.

    `silent` counts records without an answer whose cause may be Kraken rather than the record.
    """
    ruling = verdicts.weigh(signals=signals)
    if ruling.course is not Course.CONFIRM:
        return ruling
    probe = await session.probe(resource=wave.resource, import_supplier=wave.import_supplier)
    return verdicts.confirm(
        probe=verdicts.signal_of(answer=probe.answer),
        silent=silent,
        has_answered=await asyncio.to_thread(has_answered),
    )


@dataclass(slots=True, kw_only=True)
class Judge:
    """Rules over the chunks of one batch. Both questions are about this wave, and are asked off the loop."""

    systems: Systems
    session: KrakenSession
    wave: Wave
    has_answered: Callable[[], bool]
    """Whether this Kraken has ever answered as a data-import API."""
    answers_lately: Callable[[], bool]
    """Whether it has just answered the same requests about other records."""
    in_a_row: int = 0
    """Records answered 403 without a good answer after them."""
    met_outage: bool = True
    """Whether there may be an outage that an answer ends."""

    async def rule(self, *, chunk: Chunk) -> Ruled:
        """Return what follows from a chunk, and from those before it."""
        has_fine = Signal.FINE in chunk.signals
        own = verdicts.of_one_record(signals=chunk.signals)
        forbidden = chunk.signals.count(Signal.FORBIDDEN) - len(own)
        self.in_a_row = forbidden + (0 if has_fine else self.in_a_row)
        if self.in_a_row > 1 and not has_fine:
            return Ruled(ruling=Ruling(course=Course.STOP, cause=Signal.FORBIDDEN))
        ruling = await confirmed(
            session=self.session,
            wave=self.wave,
            signals=chunk.signals,
            silent=chunk.lost.count(0),
            has_answered=self.has_answered,
        )
        is_own = ruling.course is Course.GO_ON
        if is_own and not has_fine:
            own = frozenset(place for place, each in enumerate(chunk.signals) if each is Signal.FORBIDDEN)
        if has_fine or len(chunk.lost) < MANY or ruling.course not in (Course.GO_ON, Course.HOLD_BACK):
            return Ruled(ruling=ruling, counts=is_own, forbidden=own)
        # Many without an answer: an outage of these requests, or records with a common trouble.
        outage = await asyncio.to_thread(current_outage, systems=self.systems, wave=self.wave)
        if outage is not None and not outage.is_given_up:
            return Ruled(ruling=Ruling(course=Course.HOLD_BACK))
        counts = is_own or outage is not None or await asyncio.to_thread(self.answers_lately)
        return Ruled(ruling=ruling, counts=counts)

    async def follow(self, *, chunk: Chunk, ruling: Ruling) -> HoldBack | None:
        """Stop the wave, or return why it waits, as was ruled; end an outage that the answers end.

        Raises `SystemicFault`; the wave is stopped then.
        """
        cause, problem = ruling.cause, self.session.problem
        fault = (
            None
            if cause is None
            else fault_of(signal=cause, wave=self.wave, problem=problem, refusal=chunk.refusal)
        )
        held = None
        if ruling.course in (Course.WAIT, Course.HOLD_BACK):
            try:
                held = await meet_outage(
                    systems=self.systems, wave=self.wave, is_silent=ruling.course is Course.WAIT
                )
            except SystemicFault as given_up:
                fault = given_up
        if fault is not None:
            raise await asyncio.to_thread(self.stopped, fault)
        if self.met_outage and Signal.FINE in chunk.signals:
            self.met_outage = False
            await end_outage(systems=self.systems, wave=self.wave)
        return held

    def stopped(self, fault: SystemicFault) -> SystemicFault:
        """Return the fault, once it is recorded that it has stopped the wave."""
        return stop(tracking=self.systems.tracking, wave=self.wave, fault=fault, now=self.systems.clock())
