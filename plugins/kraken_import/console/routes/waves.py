"""The list of waves: how each stands, in words and in counts."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from kraken_import.console.asking import Ask
from kraken_import.usecases.board import waves_on_board

router = APIRouter()

_MOST: Final = 25


@router.get("/waves")
def waves(asked: Ask, before: int | None = None) -> Any:
    """Show the newest waves, or those before one."""
    with asked.read() as connection:
        found = waves_on_board(connection=connection, dialects=asked.dialects, most=_MOST, before=before)
    return asked.page(
        "waves", lines=found, older=found[-1].wave.id if len(found) == _MOST else None, before=before
    )
