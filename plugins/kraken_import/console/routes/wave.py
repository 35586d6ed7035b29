"""One wave: its funnel, its batches, what holds it up, and what was ordered."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from kraken_import.console.asking import Ask
from kraken_import.tracking import actions, board
from kraken_import.usecases.board import line_of

router = APIRouter()

_MOST_ORDERS: Final = 20


@router.get("/waves/{wave_id}")
def wave(asked: Ask, wave_id: int) -> Any:
    """Show a wave as it stands now."""
    found = asked.wave(wave_id=wave_id)
    with asked.read() as connection:
        line = line_of(connection=connection, wave=found)
        batches = board.batches(connection=connection, wave_id=wave_id)
        ordered = actions.latest(
            connection=connection, dialects=[found.dialect], most=_MOST_ORDERS, wave_id=wave_id
        )
    return asked.page("wave", line=line, batches=batches, ordered=ordered)
