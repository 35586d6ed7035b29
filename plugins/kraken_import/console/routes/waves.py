"""The list of waves: those that need a person or are under way first, then those that are over."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from kraken_import.console.asking import Ask, Asked
from kraken_import.console.oldest import oldest_of
from kraken_import.console.shared import shared
from kraken_import.console.values import number_of
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking.board import Phase, Wanted
from kraken_import.usecases.board import waves_now, waves_over

router = APIRouter()

_MOST: Final = 25
_LAST_PAGE: Final = 10_000


@router.get("/waves")
def waves(asked: Ask, before: int | None = None, dialect: str = "", mode: str = "", phase: str = "") -> Any:
    """Show the waves that fit: a page of those under way, the newest that are over, or those before one."""
    make = partial(_waves, before=before, dialect=dialect, mode=mode, phase=phase)
    return shared(asked=asked, make=make)


def _waves(asked: Asked, /, *, before: int | None, dialect: str, mode: str, phase: str) -> Response:
    page = min(number_of(text=asked.request.query_params.get("now", "")) or 0, _LAST_PAGE)
    with asked.read() as connection:
        wanted = Wanted(
            dialects=[each for each in asked.dialects if dialect in ("", each)],
            phases=[each for each in Phase if phase in ("", each)],
            mode=mode or None,
            before=before,
        )
        present = (
            None
            if before
            else waves_now(connection=connection, wanted=wanted, page=page, oldest=oldest_of(asked=asked))
        )
        # A further page of those that need a person has those alone.
        over = [] if page else waves_over(connection=connection, wanted=wanted, most=_MOST)
    chosen = {"dialect": dialect, "mode": mode, "phase": phase}
    said = {name: value for name, value in chosen.items() if value}
    older = {**said, "before": over[-1].wave.id} if len(over) == _MOST else None
    return asked.page(
        "waves",
        now=present,
        further=_address(asked, {**said, "now": page + 1}),
        earlier=_address(asked, {**said, "now": page - 1} if page > 1 else said),
        lines=over,
        chosen=chosen,
        is_filtered=bool(said),
        phases=list(Phase),
        modes=list(Mode),
        newest=_address(asked, said),
        older=older and _address(asked, older),
        before=before,
    )


def _address(asked: Asked, values: Mapping[str, object]) -> str:
    return f"{asked.link('waves')}?{urlencode(values)}"
