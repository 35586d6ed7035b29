"""How a wave stands, in words for people."""

from __future__ import annotations

from kraken_import.tracking.overview import WaveLine
from kraken_import.usecases.moments import in_utc


def standing(*, wave: WaveLine) -> str:
    """Say how a wave stands: all that holds it up, or how it ended."""
    said = []
    if wave.purged_at is not None:
        said.append(f"purged on {in_utc(at=wave.purged_at)}")
    if wave.closed_at is not None:
        said.append(f"closed by {wave.closed_by} on {in_utc(at=wave.closed_at)}")
    if wave.stop_code is not None or wave.stop_reason is not None:
        said.append(f"stopped ({wave.stop_code}): {wave.stop_reason}")
    elif wave.paused_at is not None:
        because = f": {wave.pause_reason}" if wave.pause_reason else ""
        said.append(f"paused by {wave.paused_by} since {in_utc(at=wave.paused_at)}{because}")
    if wave.asked_until is not None:
        said.append(
            f"waits for an approval until {in_utc(at=wave.asked_until)} (Required Actions in Airflow)"
        )
    if wave.silent_since is not None:
        said.append(f"waits for Kraken, which has not answered since {in_utc(at=wave.silent_since)}")
    if wave.outcome is not None:
        # A stopped wave fails for the reason that it was stopped for.
        why = wave.outcome_reason if wave.stop_reason is None else None
        said.append(wave.outcome if why is None else f"{wave.outcome}: {why}")
    return "; ".join([*(each.rstrip(".") for each in said[:-1]), *said[-1:]]) or "under way"
