"""Whether the question at a gate is still asked. The triggerer looks here, so nothing heavy is imported."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from kraken_import.tracking import reruns, waves
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.reruns import Rerun


def is_withdrawn(*, tracking: Engine, wave_id: int) -> bool:
    """Whether the wave was stopped, so that the question at its gate is not asked any more."""
    with tracking.connect() as connection:
        return waves.hindrance(connection=connection, ref=WaveRef(wave_id=wave_id)) is not None


def rerun_is_withdrawn(*, tracking: Engine, rerun: int) -> bool:
    """Whether nothing of the rerun may be created any more, so that its question is not asked either."""
    with tracking.connect() as connection:
        return is_hindered(connection=connection, rerun=reruns.load_rerun(connection=connection, rerun=rerun))


def is_hindered(*, connection: Connection, rerun: Rerun) -> bool:
    """Whether the rerun was stopped, or every wave that it has records of."""
    found = reruns.hindrances(connection=connection, rerun=rerun.id).values()
    return rerun.stopped_at is not None or all(found)
