"""Creates the valid records of a batch in Kraken: none twice, and none forgotten.

Kraken has no idempotency key, so every create is preceded by a committed intent, and an intent whose
outcome is unknown is looked up at the status endpoint before anything else is sent for that record.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import gate, reruns, waves
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import BatchIsBusy, Wave
from kraken_import.usecases.calling import (
    batch_counts,
    open_session,
    refuse_if_stopped,
    stop,
    stopped_when_sealed,
    wave_for_kraken,
)
from kraken_import.usecases.creator import Creator
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.gate import unapproved
from kraken_import.usecases.policy import window_is_over
from kraken_import.usecases.restored import hold_back_restored
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import BatchOutcome, HoldBack, outage_under_way

_LOOK_AGAIN: Final = 1.0


async def create_batch(*, systems: Systems, ref: BatchRef) -> BatchOutcome:
    """Create the valid records of a batch and settle every doubt about them.

    Raises `SystemicFault` when the wave is or was stopped, and `Retryable` when another worker still works on
    the batch. What was answered is recorded in any case.
    """
    try:
        with waves.batch_lock(engine=systems.tracking, ref=ref) as connection:
            with connection.begin():
                wave = wave_for_kraken(connection=connection, ref=ref.wave, kraken=systems.kraken)
            held = await _work(systems=systems, connection=connection, wave=wave, ref=ref)
            with connection.begin():
                counts = batch_counts(connection=connection, ref=ref)
                uncovered = gate.uncovered(connection=connection, ref=ref)
                wave = reruns.load_wave(connection=connection, ref=ref.wave)
    except BatchIsBusy as busy:
        raise Retryable(str(busy)) from busy
    if State.VALID in counts and held is None:
        held = _why_not(systems=systems, wave=wave, valid=counts[State.VALID], uncovered=uncovered)
    return BatchOutcome(counts=counts, held=held)


async def _work(*, systems: Systems, connection: Connection, wave: Wave, ref: BatchRef) -> HoldBack | None:
    held = await outage_under_way(systems=systems, wave=wave)
    if held is not None:
        return held
    with stopped_when_sealed(systems=systems, wave=wave):
        async with open_session(systems=systems, wave=wave) as session:
            held = await hold_back_restored(
                systems=systems, connection=connection, session=session, wave=wave
            )
            if held is not None:
                return held
            return await Creator(
                systems=systems, connection=connection, session=session, wave=wave, ref=ref
            ).run()


def _why_not(*, systems: Systems, wave: Wave, valid: int, uncovered: int) -> HoldBack:
    """Return why valid records were left. Raises `SystemicFault` when only a person can change that."""
    refuse_if_stopped(wave=wave)
    if uncovered >= valid:
        raise SystemicFault(code=StopCode.NOT_APPROVED, reason=unapproved(wave=wave, records=uncovered))
    now = systems.clock()
    if window_is_over(policy=wave.policy, now=now + systems.window):
        raise stop(tracking=systems.tracking, wave=wave, fault=_too_late(wave=wave), now=now)
    # Paused, or resumed just now: either way the valid records still have to be created.
    return HoldBack(
        why="paused",
        seconds=0.0 if wave.is_paused else _LOOK_AGAIN,
        sentence="The wave is paused: creates wait until it is resumed.",
    )


def _too_late(*, wave: Wave) -> SystemicFault:
    return SystemicFault(
        code=StopCode.WINDOW_OVER,
        reason=(
            f"The schedule window of wave {wave.name!r} has ended, so Kraken would refuse its creates: "
            "cancel the wave, and plan another one with a later window."
        ),
    )
