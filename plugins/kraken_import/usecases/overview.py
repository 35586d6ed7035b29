"""How waves stand, for people: one line each, or one wave with its counts, money, approval and reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import State
from kraken_import.reporting.wave import MoneyLine
from kraken_import.tracking import board, overview, progress, reports, waves
from kraken_import.tracking.overview import RerunLine, WaveLine
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.policy import wave_in_words
from kraken_import.usecases.report import decision_in_words, money_lines
from kraken_import.usecases.restored import restored_sentence
from kraken_import.usecases.standing import since_the_end, standing
from transforms.versions import BuildVersion


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
    built_by: BuildVersion
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
        states = progress.wave_states(connection=connection, wave_id=named.id)
        reruns = board.reruns_since(connection=connection, wave_ids=[named.id])
        return WaveOverview(
            wave=line,
            standing=standing(
                wave=line,
                since=since_the_end(wave=line, states=states, reruns=reruns.get(named.id, ())),
            ),
            states=states,
            money=money_lines(connection=connection, wave_id=named.id),
            policy=wave_in_words(wave=loaded),
            approval=decision_in_words(header=header, wave=loaded),
            run=f"{header.dag_id}/{header.run_id}",
            reruns=overview.reruns(connection=connection, wave_id=named.id),
            built_by=loaded.built_by,
            restored=restored_sentence(connection=connection, wave_id=named.id),
        )
