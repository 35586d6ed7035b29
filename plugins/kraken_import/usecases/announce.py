"""What people are told while a wave runs: one sentence, counts, and never anything personal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Engine

from kraken_import.lifecycle import FAILED, SUCCEEDED, Mode, State
from kraken_import.tracking import progress, waves
from kraken_import.tracking.waves import Wave

Moment: TypeAlias = Literal["start", "gate", "stop", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A moment of a wave, in one sentence and in numbers (records by state)."""

    moment: Moment
    wave: str
    wave_id: int
    dialect: str
    mode: str
    text: str
    counts: dict[str, int]

    @property
    def values(self) -> dict[str, Any]:
        """As plain values, for templates."""
        return asdict(self)


def announce(*, tracking: Engine, wave_id: int, moment: Moment, failure: str | None = None) -> Announcement:
    """What is to be told of a wave at a moment. `failure` says why it stopped, or ended badly."""
    with tracking.connect() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        states = progress.wave_states(connection=connection, wave_id=wave_id)
    return Announcement(
        moment=moment,
        wave=wave.name,
        wave_id=wave.id,
        dialect=wave.dialect,
        mode=wave.mode.value,
        text=_text(wave=wave, states=states, moment=moment, failure=failure),
        counts={state.value: records for state, records in states.items()},
    )


def _text(*, wave: Wave, states: dict[State, int], moment: Moment, failure: str | None) -> str:
    what = "rehearsal" if wave.mode is Mode.REHEARSAL else "wave"
    name = f"{what.capitalize()} {wave.name!r} of {wave.dialect}"
    total = sum(states.values())
    failed = sum(records for state, records in states.items() if state in FAILED)
    match moment:
        case "start":
            return f"{name} begins: {total:,} customers."
        case "gate":
            return (
                f"{name} is at the gate: {states.get(State.VALID, 0):,} of {total:,} customers are valid, "
                f"{failed:,} were refused."
            )
        case "stop":
            return f"{name} was stopped: {failure}"
        case _:
            if failure is not None:
                return f"{name} ended badly. {failure}"
            succeeded = sum(records for state, records in states.items() if state in SUCCEEDED)
            return f"{name} ended well: {succeeded:,} of {total:,} customers are through, {failed:,} failed."
