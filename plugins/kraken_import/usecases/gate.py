"""The one place between validation and the first create of a wave."""

from __future__ import annotations

from sqlalchemy import Engine

from kraken_import.lifecycle import OPEN, State
from kraken_import.tracking import waves


def batches_to_load(*, tracking: Engine, wave_id: int) -> list[int]:
    """The batches that have something to create or to await; none of a wave that was stopped.

    Everything valid passes for now: an approval belongs here.
    """
    with tracking.connect() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        states = OPEN if wave.stopped_at else OPEN | {State.VALID}
        return list(waves.batches_in_state(connection=connection, wave_id=wave_id, states=states))
