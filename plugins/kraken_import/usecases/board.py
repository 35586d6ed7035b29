"""Waves as the console shows them: how each stands in words, and how many records stand where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking import board, overview
from kraken_import.tracking.overview import WaveLine
from kraken_import.usecases.overview import standing


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """A wave, how it stands in words, and its records by state."""

    wave: WaveLine
    standing: str
    states: Mapping[State, int]

    @property
    def records(self) -> int:
        """How many records it has."""
        return sum(self.states.values())


def waves_on_board(
    *, connection: Connection, dialects: Sequence[str], most: int, before: int | None = None
) -> list[BoardLine]:
    """Return the newest waves of these dialects, or those before one, the newest first."""
    found = overview.waves(connection=connection, most=most, dialects=dialects, before=before)
    states = board.states(connection=connection, wave_ids=[each.id for each in found])
    return [BoardLine(wave=each, standing=standing(wave=each), states=states[each.id]) for each in found]


def line_of(*, connection: Connection, wave: WaveLine) -> BoardLine:
    """Return one wave in the same form."""
    states = board.states(connection=connection, wave_ids=[wave.id])
    return BoardLine(wave=wave, standing=standing(wave=wave), states=states[wave.id])
