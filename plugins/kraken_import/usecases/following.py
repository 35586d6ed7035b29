"""One wave as a terminal follows it: its counts and its pace, what failed and why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from kraken_import.tracking import overview
from kraken_import.usecases.board import BoardLine, line_of
from kraken_import.usecases.remedies import Remedy, remedy_of
from kraken_import.usecases.triage import UNMAPPED, Causes, Mapped, causes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A wave as it stands now, its most frequent causes, and what a stop asks a person to do."""

    line: BoardLine
    causes: Causes
    remedy: Remedy | None


def follow_wave(*, tracking: Engine, wave_id: int, mapped: Mapped = UNMAPPED) -> Followed:
    """Return a wave that exists as it stands now, from the counts that its moves keep."""
    with tracking.connect() as connection:
        (wave,) = overview.waves(connection=connection, most=1, wave_id=wave_id)
        return Followed(
            line=line_of(connection=connection, wave=wave),
            causes=causes_of(connection=connection, wave=wave, mapped=mapped),
            remedy=remedy_of(stop_code=wave.stop_code),
        )
