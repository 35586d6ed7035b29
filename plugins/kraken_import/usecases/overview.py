"""How waves stand, for people: one line each, or one wave with its counts, money, approval and reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import State
from kraken_import.reporting.wave import MoneyLine
from kraken_import.tracking import overview, progress, reports, waves
from kraken_import.tracking.overview import RerunLine, WaveLine
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.policy import wave_in_words
from kraken_import.usecases.report import decision_in_words, money_lines
from kraken_import.usecases.restored import restored_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveOverview:
    """One wave as it stands now."""

    wave: WaveLine
    standing: str
    states: Mapping[State, int]
    money: Sequence[MoneyLine]
    policy: str
    approval: str
    run: str
    """The DAG and its run in Airflow."""
    reruns: Sequence[RerunLine]
    restored: str | None = None
    """Since when, by whom and why creates wait for a look-up; None where they do not."""


def list_waves(*, tracking: Engine, most: int, dialect: str | None = None) -> list[WaveLine]:
    """Return the newest waves, of one dialect or of all."""
    with tracking.connect() as connection:
        return overview.waves(
            connection=connection, most=most, dialects=None if dialect is None else [dialect]
        )


def show_wave(*, tracking: Engine, wave: str) -> WaveOverview:
    """Return how the wave with this id or name stands. Raises `UnknownWave`."""
    with tracking.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        named = find_wave(connection=connection, wave=wave)
        (line,) = overview.waves(connection=connection, most=1, wave_id=named.id)
        header = reports.header(connection=connection, wave_id=named.id)
        loaded = waves.load_wave(connection=connection, wave_id=named.id)
        return WaveOverview(
            wave=line,
            standing=standing(wave=line),
            states=progress.wave_states(connection=connection, wave_id=named.id),
            money=money_lines(connection=connection, wave_id=named.id),
            policy=wave_in_words(wave=loaded),
            approval=decision_in_words(header=header, wave=loaded),
            run=f"{header.dag_id}/{header.run_id}",
            reruns=overview.reruns(connection=connection, wave_id=named.id),
            restored=restored_sentence(connection=connection, wave_id=named.id),
        )


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
