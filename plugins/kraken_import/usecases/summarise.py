"""Ends a wave: writes its outcome first, then says whether the run must fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import FAILED, Mode, State
from kraken_import.domain.stops import DECIDED
from kraken_import.domain.texts import counted
from kraken_import.tracking import board, gate, progress, reruns, waves
from kraken_import.tracking.refs import WaveRef
from kraken_import.usecases.gate import unapproved
from kraken_import.usecases.holds import release

_OPEN = "the scheduled poll_open goes on asking Kraken about them."
_UNDONE = "clear the run, which goes on with what is undone; poll_open asks about those that Kraken has."


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveSummary:
    """Records by state, and one sentence on why the run fails (None when it succeeds)."""

    counts: dict[str, int]
    failure: str | None
    told: str | None = None
    """What a rerun mended, what is left, and why."""
    is_live: bool = False
    """Whether it is a wave, and no rehearsal."""


def summarise_wave(
    *,
    tracking: Engine,
    wave_id: int,
    failed_tasks: Sequence[str],
    now: datetime,
    writeback: Engine | None = None,
) -> WaveSummary:
    """Record how a wave ended. `failed_tasks` names the tasks of the run that failed.

    With `writeback` the legacy system releases the customers that it holds needlessly.
    """
    with tracking.begin() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        counts = progress.wave_states(connection=connection, wave_id=wave_id)
        if State.VALID in counts or not all(state.is_open or state.is_settled for state in counts):
            # An order that came while it was planned is not recorded with the wave itself.
            wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id))
        uncovered = gate.uncovered(connection=connection, ref=WaveRef(wave_id=wave_id))
        failure = failure_of(
            Ending(
                what=f"Wave {wave.name!r}",
                stop_code=wave.stop_code,
                stop_reason=wave.stop_reason,
                threshold=wave.failure_threshold,
                counts=counts,
                failed_tasks=failed_tasks,
                unapproved=unapproved(wave=wave, records=uncovered) if uncovered else None,
            )
        )
        # The run of a closed wave may be cleared in the grid: nothing is sent, and it stays what it came to.
        if wave.closed_at is None:
            waves.finish_wave(connection=connection, wave_id=wave_id, failure=failure, states=counts, at=now)
            board.gather(connection=connection, wave_id=wave_id)
    if writeback is not None:
        release(tracking=tracking, writeback=writeback, dialects=(wave.dialect,), now=now, wave_id=wave_id)
    return WaveSummary(
        counts={state.value: records for state, records in counts.items()},
        failure=failure,
        is_live=wave.mode is Mode.LIVE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a wave or a rerun came to. `threshold` is a share from 0 to 1."""

    what: str
    """The wave or the rerun, for a sentence."""
    stop_code: str | None
    stop_reason: str | None
    threshold: Decimal
    counts: Mapping[State, int]
    failed_tasks: Sequence[str]
    unapproved: str | None = None
    """What is left for want of an approval."""
    causes: str = "mend the causes, and rerun them"


def failure_of(ending: Ending) -> str | None:
    """Return one sentence on why a wave or a rerun has failed; None if it has not."""
    what, counts, failed_tasks = ending.what, ending.counts, ending.failed_tasks
    if ending.stop_code in DECIDED:
        # A person's decision, not a fault: the reason names the person.
        return f"{what} was {ending.stop_reason}"
    if ending.stop_reason is not None:
        return f"{what} was stopped ({ending.stop_code}): {ending.stop_reason}"
    if ending.unapproved is not None:
        return f"{what} was not created completely: {ending.unapproved}"
    if failed_tasks:
        return (
            f"{what}: {len(failed_tasks)} tasks failed ({', '.join(sorted(failed_tasks)[:3])}): "
            "see their logs, then clear the run."
        )
    unsettled = {state: records for state, records in counts.items() if not state.is_settled}
    parked = unsettled.pop(State.PARKED, 0)
    if parked:
        are, them = ("1 record is", "it") if parked == 1 else (f"{parked:,} records are", "them")
        more = f", and {sum(unsettled.values()):,} more have not ended" if unsettled else ""
        return (
            f"{what}: {are} parked{more}: no answer of Kraken's proves what became of {them}, so decide "
            f"(kraken-migrate record decide, or action decide of control_wave), or rerun {them}."
        )
    if unsettled:
        undone = any(not state.is_open for state in unsettled)
        listed = ", ".join(f"{records} {state.value}" for state, records in sorted(unsettled.items()))
        number = sum(unsettled.values())
        have = "has" if number == 1 else "have"
        return f"{what}: {counted(number=number, noun='record')} {have} not ended ({listed}): " + (
            _OPEN if not undone else _UNDONE
        )
    failed = sum(records for state, records in counts.items() if state in FAILED)
    total = sum(counts.values())
    if failed > ending.threshold * total:
        return (
            f"{what}: {failed} of {total} records failed, more than the threshold of "
            f"{ending.threshold:.1%}: {ending.causes}."
        )
    return None
