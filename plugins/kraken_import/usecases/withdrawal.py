"""Tells whether the question at a gate is still open. The triggerer calls it, so its imports are light."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from kraken_import.tracking import reruns, waves
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.reruns import Rerun


def is_withdrawn(*, tracking: Engine, wave_id: int) -> bool:
    """Return whether the wave was stopped, so that the question at its gate is no longer asked."""
    with tracking.connect() as connection:
        return waves.hindrance(connection=connection, ref=WaveRef(wave_id=wave_id)) is not None


def rerun_is_withdrawn(*, tracking: Engine, rerun: int) -> bool:
    """Return whether the rerun may create nothing more, so that its question is no longer asked."""
    with tracking.connect() as connection:
        return is_hindered(connection=connection, rerun=reruns.load_rerun(connection=connection, rerun=rerun))


def is_hindered(*, connection: Connection, rerun: Rerun) -> bool:
    """Return whether the rerun was stopped, or every wave that it has records of."""
    found = reruns.hindrances(connection=connection, rerun=rerun.id).values()
    return rerun.stopped_at is not None or all(found)
