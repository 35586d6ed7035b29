"""Since when the oldest record of a wave is open, where so many are open that no page waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from kraken_import.console.asking import Asked, reading
from kraken_import.console.kept import Kept
from kraken_import.tracking import board
from kraken_import.usecases.board import Oldest

_LONGEST: Final = 60
"""Seconds that looking at all open records may take, beside the pages."""
_OLDEST: Final[Kept[Mapping[int, datetime]]] = Kept()


def oldest_of(*, asked: Asked) -> Oldest:
    """Return how to find that out of waves: beside the page, and nothing while it is found out first."""
    engine, place = asked.reader, asked.place

    def oldest(wave_ids: Sequence[int]) -> Mapping[int, datetime]:
        def find_out() -> Mapping[int, datetime]:
            with reading(engine=engine, seconds=_LONGEST) as connection:
                return board.oldest_open(connection=connection, wave_ids=wave_ids)

        known = _OLDEST.of(key=(place, *wave_ids), find_out=find_out)
        return {} if known is None else known.found

    return oldest
