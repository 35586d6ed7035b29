"""How a wave stands, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kraken_import.domain.lifecycle import SUCCEEDED, State
from kraken_import.tracking.overview import WaveLine
from kraken_import.usecases.moments import in_utc

_NONE_LEFT: Final = "none is left"
_ENDED: Final = {"failed": "ended as failed", "succeeded": "succeeded"}


def has_moved_since(*, wave: WaveLine, states: Mapping[State, int]) -> bool:
    """Return whether records of a wave stand elsewhere than when its run ended."""
    return wave.ended_states is not None and wave.ended_states != states


def since_the_end(*, wave: WaveLine, states: Mapping[State, int], reruns: Sequence[int]) -> str:
    """Say what became of the records of a wave after its run had ended; blank where nothing did.

    `reruns` are the numbers of those that have brought records of it through since.
    """
    if wave.ended_states is None or wave.ended_states == states:
        return ""
    now = {state.value: records for state, records in states.items()}
    before, left = sum(_left(states=wave.ended_states).values()), _left(states=now)
    handed_on = sum(wave.ended_states.values()) - sum(now.values())
    through = before - handed_on - sum(left.values())
    said = []
    if through > 0:
        all_of = f"all {through:,}" if through == before else f"{through:,} of the {before:,}"
        said.append(f"{all_of} that had not come through when its run ended have since{_by(reruns=reruns)}")
    if handed_on > 0:
        said.append(f"{handed_on:,} went to another wave")
    if left:
        listed = ", ".join(f"{records:,} {state.replace('_', ' ')}" for state, records in left.items())
        said.append(f"left now: {listed}")
    else:
        said.append(_NONE_LEFT)
    return "; ".join(said)


def _left(*, states: Mapping[str, int]) -> dict[str, int]:
    return {str(state): states[state] for state in sorted(states) if state not in SUCCEEDED}


def _by(*, reruns: Sequence[int]) -> str:
    if not reruns:
        return ", by decisions or later answers"
    return f", by rerun{'s' if len(reruns) > 1 else ''} {', '.join(map(str, reruns))}"


def standing(*, wave: WaveLine, since: str = "") -> str:
    """Say how a wave stands: all that holds it up, or how it ended and what became of it `since`."""
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
        ending = wave.outcome if why is None else f"{wave.outcome}: {why}"
        # A sentence of its own, where nothing stands before it.
        since = since if said else f"{since[:1].upper()}{since[1:]}"
        if since.endswith(_NONE_LEFT):
            # Why its run failed is mended by now: the report keeps it.
            said.append(f"{since}. Its run had {_ENDED.get(wave.outcome, wave.outcome)}.")
        else:
            said.append(f"{since}. At its end: {ending}" if since else ending)
    return "; ".join([*(each.rstrip(".") for each in said[:-1]), *said[-1:]]) or "under way"
