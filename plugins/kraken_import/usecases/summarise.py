"""Ends a wave: writes its outcome first, then says whether the run must fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from kraken_import.lifecycle import FAILED, State
from kraken_import.tracking import progress, waves
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.control import CANCELLED
from kraken_import.usecases.gate import EXPIRED, REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveSummary:
    """Records by state, and one sentence on why the run fails (None when it succeeds)."""

    counts: dict[str, int]
    failure: str | None


def summarise_wave(
    *, tracking: Engine, wave_id: int, failed_tasks: Sequence[str], now: datetime
) -> WaveSummary:
    """Record how a wave ended. `failed_tasks` names the tasks of the run that failed."""
    with tracking.begin() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        counts = progress.wave_states(connection=connection, wave_id=wave_id)
        failure = _failure(wave=wave, counts=counts, failed_tasks=failed_tasks)
        waves.finish_wave(connection=connection, wave_id=wave_id, failure=failure, at=now)
    return WaveSummary(counts={state.value: records for state, records in counts.items()}, failure=failure)


def _failure(*, wave: Wave, counts: dict[State, int], failed_tasks: Sequence[str]) -> str | None:
    if wave.stop_code in (CANCELLED, EXPIRED, REJECTED):
        # Somebody's decision, no fault: the reason says whose.
        return f"Wave {wave.name!r} was {wave.stop_reason}"
    if wave.stopped_at is not None:
        return f"Wave {wave.name!r} was stopped: {wave.stop_reason}"
    if failed_tasks:
        return (
            f"Wave {wave.name!r}: {len(failed_tasks)} tasks failed ({', '.join(sorted(failed_tasks)[:3])}): "
            "see their logs, then clear them."
        )
    unsettled = {state: records for state, records in counts.items() if not state.is_settled}
    if unsettled:
        listed = ", ".join(f"{records} {state.value}" for state, records in sorted(unsettled.items()))
        return (
            f"Wave {wave.name!r}: {sum(unsettled.values())} records have not ended ({listed}): the scheduled "
            "poll_open goes on asking for those that Kraken has."
        )
    failed = sum(records for state, records in counts.items() if state in FAILED)
    total = sum(counts.values())
    if failed > wave.failure_threshold * total:
        return (
            f"Wave {wave.name!r}: {failed} of {total} records failed, more than the threshold of "
            f"{wave.failure_threshold:.1%}: see migration.import_error for the causes."
        )
    return None
