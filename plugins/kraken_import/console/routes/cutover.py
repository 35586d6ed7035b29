"""What waves leave: hand-backs, late changes and differences with owners; their end; the crosswalk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from kraken_import.console.access import Act
from kraken_import.console.asking import Ask, Asked
from kraken_import.console.forms import FIELD, sent_fields
from kraken_import.console.pages import HEADERS
from kraken_import.reporting.page import csv_text
from kraken_import.tracking import actions, leftovers
from kraken_import.tracking.leftovers import Choice
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.leftovers import before_closing, choice_of, in_words, matching, what_is_left

router = APIRouter()

_MOST_WAVES: Final = 25
_PAGE: Final = 100
_MOST_ORDERS: Final = 20
_COLUMNS: Final = ("external_identifier", "kraken_identifier", "import_supplier", "processed_at")
_FILTERS: Final = ("of", "code", "whose")
_LONGEST: Final = 100


@router.get("/cut-over")
def overview(asked: Ask, before: int | None = None) -> Any:
    """Show what each live wave leaves, the newest first."""
    with asked.read() as connection:
        found = leftovers.of_waves(
            connection=connection, dialects=asked.dialects, most=_MOST_WAVES, before=before
        )
        counts = leftovers.counts(connection=connection, choice=Choice(wave_id=None, dialects=asked.dialects))
        is_compared = leftovers.is_compared_as_a_whole(connection=connection)
    older = found[-1].id if len(found) == _MOST_WAVES else None
    return asked.page(
        "cut_over", waves=found, counts=counts, is_compared=is_compared, older=older, before=before
    )


@router.get("/cut-over/without-wave")
def without_wave(asked: Ask, page: int = 0) -> Any:
    """Show the differences that no wave has: what Kraken has, and we do not."""
    return _leftovers(asked=asked, wave_id=None, page=page)


@router.get("/waves/{wave_id}/cut-over")
def of_wave(asked: Ask, wave_id: int, page: int = 0) -> Any:
    """Show what a wave leaves, with owners, and what keeps it from being closed."""
    return _leftovers(asked=asked, wave_id=wave_id, page=page)


@router.get("/waves/{wave_id}/crosswalk.csv")
def crosswalk(asked: Ask, wave_id: int) -> Response:
    """Return who of a wave is in Kraken under which identifier, as a table."""
    wave = asked.wave(wave_id=wave_id)
    asked.require(act=Act.OWN, dialect=wave.dialect)
    if wave.mode != "live":
        raise BadRequest(f"Wave {wave.name!r} is a rehearsal: no customer of it is in Kraken.")
    return StreamingResponse(
        _crosswalk(asked=asked, wave_id=wave_id),
        media_type="text/csv; charset=utf-8",
        headers=dict(HEADERS) | {"Content-Disposition": f'attachment; filename="crosswalk-{wave_id}.csv"'},
    )


@router.post("/cut-over/pick")
async def pick(request: Request, asked: Ask) -> Response:
    """Lead from what was picked by hand to the page of the order about it; nothing is done yet."""
    form = await sent_fields(request=request)
    picked = [value for name, value in form if name == "picked"]
    said = {"wave": "", FIELD: ""} | dict(form)
    return await run_in_threadpool(_pick, asked, said, picked)


def _pick(asked: Asked, said: dict[str, str], picked: list[str]) -> Response:
    asked.require_form(sent=said[FIELD])
    if not picked:
        raise BadRequest("Nothing was picked: go back, and tick what is meant.")
    choice_of(wave_id=None, dialects=(), values={"picked": ".".join(picked)})
    wave = f"wave={int(said['wave'])}&" if said["wave"].isascii() and said["wave"].isdigit() else ""
    where = f"{asked.link('orders', 'new', 'own')}?{wave}picked={'.'.join(picked)}"
    return RedirectResponse(where, status_code=303)


def _leftovers(*, asked: Asked, wave_id: int | None, page: int) -> Any:
    wave = None if wave_id is None else asked.wave(wave_id=wave_id)
    query = asked.request.query_params
    values = {name: query.get(name, "")[:_LONGEST] for name in _FILTERS}
    choice = choice_of(wave_id=wave_id, dialects=asked.dialects, values=values)
    page = min(max(0, page), 10_000)
    with asked.read() as connection:
        counts = leftovers.counts(
            connection=connection, choice=Choice(wave_id=wave_id, dialects=asked.dialects)
        )
        found = leftovers.found(connection=connection, choice=choice, most=_PAGE, offset=page * _PAGE)
        obstacles = [] if wave is None else before_closing(connection=connection, wave=wave)
        listed = None if wave_id is None else leftovers.last_listed(connection=connection, wave_id=wave_id)
        ordered = (
            []
            if wave is None
            else actions.latest(
                connection=connection, dialects=[wave.dialect], most=_MOST_ORDERS, wave_id=wave_id
            )
        )
    sees_amounts = wave is not None and asked.caller.may_see_personal_data(dialect=wave.dialect)
    matches = matching(counts=counts, choice=choice)
    return asked.page(
        "leftovers",
        wave=wave,
        values=values,
        codes=sorted({each.code for each in counts}),
        entries=[(each, what_is_left(left=each, sees_amounts=sees_amounts)) for each in found],
        matches=sum(matches.values()),
        said=in_words(found=matches),
        obstacles=obstacles,
        listed=listed,
        ordered=ordered,
        number=page,
        has_more=(page + 1) * _PAGE < sum(matches.values()),
    )


def _crosswalk(*, asked: Asked, wave_id: int) -> Iterator[str]:
    yield csv_text(header=_COLUMNS, rows=[])
    after = leftovers.FIRST
    while after is not None:
        # A reader who is slow to take a page keeps no connection from others.
        with asked.read() as connection:
            page, after = leftovers.crossed(connection=connection, wave_id=wave_id, after=after)
        rows = [
            (
                each.external_identifier,
                each.kraken_identifier or "",
                each.import_supplier,
                each.settled_at.isoformat(timespec="seconds") if each.settled_at else "",
            )
            for each in page
        ]
        # Its header is written already.
        yield csv_text(header=_COLUMNS, rows=rows).partition("\r\n")[2]
