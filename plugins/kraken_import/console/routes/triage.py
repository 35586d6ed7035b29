"""Triage: what did not come through, by cause, and record by record; and lists of chosen records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlalchemy import Connection

from kraken_import.console.asking import Ask, Asked, NotFound, reading
from kraken_import.console.chosen import MOST_WAVES, Chosen, chosen
from kraken_import.console.columns import COLUMNS
from kraken_import.console.forms import FIELD, sent_form
from kraken_import.console.kept import Kept
from kraken_import.console.kinds import KINDS
from kraken_import.console.pages import HEADERS
from kraken_import.reporting.page import csv_text
from kraken_import.tracking import actions, board, overview, selections, triage
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.triage import ALL_CAUSES, LEFT, LeftRecord, Matching, Sought
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.triage import (
    UNMAPPED,
    Cause,
    Causes,
    Mapped,
    causes_of,
    causes_of_waves,
    sought,
)

router = APIRouter()

_PAGE: Final = 50
_LONGEST_SEARCH: Final = 200
_MOST_AT_ONCE: Final = 10_000
"""Records that are left whose causes are counted while the page waits."""
_LONGEST_COUNT: Final = 300
"""Seconds that counting those of a wave of millions may take, beside the pages."""
_COUNTED: Final[Kept[Causes]] = Kept()
_NUMBERS: Final[Kept[int]] = Kept()
_ORDERS: Final = ("rerun", "rehearse", "decide", "give", "export")
_CSV: Final = (
    "external_identifier", "record", "wave", "state", "try", "step", "code", "path", "legacy_column",
    "detail", "at", "owner", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Waves of one dialect, mode and Kraken, and the causes that are left in them."""

    waves: Sequence[WaveLine]
    causes: Causes
    is_mapped: bool
    """Whether the legacy columns are known by now."""
    of_one: bool = False
    """Whether the page is about one wave, which is compared with others."""
    is_counted: bool = True
    """Whether the causes are known by now."""
    counted_at: datetime | None = None
    """When they were counted; None of those that are counted at each look."""

    @property
    def title(self) -> str:
        """What the waves have in common."""
        return f"{self.waves[0].dialect}, {self.waves[0].mode}, to {self.waves[0].target_kraken}"

    @property
    def is_live(self) -> bool:
        """Whether they are live."""
        return self.waves[0].mode == "live"

    def name(self, wave_id: int) -> str:
        """Return the name of one of its waves."""
        return next(wave.name for wave in self.waves if wave.id == wave_id)

    def values(self, cause: Cause) -> dict[str, str]:
        """Return what addresses say of the records of a cause."""
        found = {"wave": ",".join(map(str, cause.waves)), "code": cause.code}
        return found | ({"path": cause.path, "stage": cause.stage} if cause.code else {})


@router.get("/triage")
def triage_of_open_waves(asked: Ask) -> Any:
    """Show the causes that are left in waves that are not closed, the newest of them."""
    return _page(asked=asked, wave=None)


@router.post("/triage")
async def search_open_waves(request: Request, asked: Ask) -> Any:
    """Show those of the causes that hold what was searched for."""
    return await run_in_threadpool(_searched, asked, None, await sent_form(request=request))


@router.get("/waves/{wave_id}/triage")
def triage_of_wave(asked: Ask, wave_id: int) -> Any:
    """Show the causes that are left in a wave."""
    return _page(asked=asked, wave=asked.wave(wave_id=wave_id))


@router.post("/waves/{wave_id}/triage")
async def search_wave(request: Request, asked: Ask, wave_id: int) -> Any:
    """Show those of its causes that hold what was searched for."""
    form = await sent_form(request=request)
    return await run_in_threadpool(_searched, asked, wave_id, form)


@router.get("/left")
def left(asked: Ask, after: int = 0, after_wave: int = 0) -> Any:
    """Show the records that an address means, a page at a time, to act on some of them or on all."""
    values = dict(asked.request.query_params)
    found = chosen(asked=asked, values=values)
    is_first = after == 0
    with asked.read() as connection:
        place = (after_wave, after)
        records = triage.records(connection=connection, matching=found.matching, after=place, most=_PAGE)
    number = _number(asked=asked, matching=found.matching)
    if is_first and not (records and number):
        # What was counted a while ago is not what is seen now.
        number = None if records else 0
    names = {wave.id: wave.name for wave in found.waves}
    mapped = _mapped(asked=asked, dialect=found.dialect)
    return asked.page(
        "left",
        found=found,
        records=records,
        number=number,
        names=names,
        mapped=mapped or UNMAPPED,
        is_mapped=mapped is not None,
        orders=_orders(asked=asked, found=found, parked=any(each.state == "parked" for each in records)),
        states=sorted(state.value for state in LEFT),
        following=dict(found.values, after_wave=records[-1].wave_id, after=records[-1].id)
        if len(records) == _PAGE
        else None,
        is_first=is_first,
    )


@router.get("/left/ticked")
def ticked(asked: Ask) -> Response:
    """Lead to the order about the records that were ticked."""
    given = asked.request.query_params
    kind, records = given.get("order", ""), given.getlist("record")
    if kind not in _ORDERS:
        raise NotFound("There is no such order.")
    if not records:
        raise BadRequest("No record is ticked: go back and tick some, or act on all that match.")
    found = chosen(asked=asked, values={**dict(given), "records": ",".join(records)})
    query = urlencode({**found.values, "records": ",".join(map(str, found.matching.ids or ()))})
    return RedirectResponse(f"{asked.link('orders', 'new', kind)}?{query}", status_code=303)


@router.get("/orders/{action_id}/list.csv")
def export(asked: Ask, action_id: UUID) -> Response:
    """Return the list that an order was given for, as the records stand now."""
    with asked.read() as connection:
        found = actions.find(connection=connection, action_id=action_id)
    is_list = found is not None and found.kind == "export" and found.selection_id is not None
    dialect = found.dialect if found is not None and is_list else None
    if found is None or dialect is None or not asked.caller.may_read(dialect=dialect):
        raise NotFound("There is no such list that you may see.")
    asked.require(act=KINDS["export"].act, dialect=dialect)
    mapped = COLUMNS.of(dialect=dialect, patience=30) or UNMAPPED
    headers = dict(HEADERS) | {"Content-Disposition": f'attachment; filename="records-{action_id}.csv"'}
    lines = _csv(asked=asked, selection_id=found.selection_id or 0, mapped=mapped)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(*, asked: Asked, selection_id: int, mapped: Mapped) -> Iterator[str]:
    yield csv_text(header=_CSV, rows=())
    after = 0
    while True:
        # A reader who is slow to take a page keeps no connection from others.
        with asked.read() as connection:
            page = selections.lines(connection=connection, selection_id=selection_id, after=after)
        if not page:
            return
        after = page[-1].id
        rows = csv_text(header=(), rows=[_row(each, mapped) for each in page])
        # Without the line of the header, which is blank.
        yield rows.partition("\r\n")[2]


def _row(each: LeftRecord, mapped: Mapped) -> Sequence[Any]:
    traced = mapped.trace(path=each.path, code=each.code, detail=each.detail)
    detail = mapped.worded(detail=each.detail, traced=traced)
    return (
        each.external_identifier, each.id, each.wave_id, each.state, each.attempt, each.stage, each.code,
        each.indexed_path, traced.source, detail, each.occurred_at, each.owner or "", each.note or "",
    )  # fmt: skip


def _searched(asked: Asked, wave_id: int | None, form: Mapping[str, str]) -> Any:
    asked.require_form(sent=form.get(FIELD, ""))
    text = form.get("search", "")
    if len(text) > _LONGEST_SEARCH:
        raise BadRequest(f"A search takes up to {_LONGEST_SEARCH} characters: shorten it.")
    wave = None if wave_id is None else asked.wave(wave_id=wave_id)
    return _page(asked=asked, wave=wave, search=text, stage=form.get("stage", ""))


def _page(*, asked: Asked, wave: WaveLine | None, search: str = "", stage: str = "") -> Any:
    groups = [_group(asked=asked, waves=waves, of_one=wave is not None) for waves in _waves(asked, wave)]
    known = [cause for group in groups for cause in group.causes.shown]
    is_search = bool(search.strip() or stage)
    shown = [_searched_group(asked, group, search, stage) for group in groups] if is_search else groups
    examples = {number for group in shown for cause in group.causes.shown for number in cause.examples}
    with asked.read() as connection:
        identifiers = board.identifiers(connection=connection, ids=sorted(examples)) if examples else {}
    return asked.page(
        "triage",
        identifiers=identifiers,
        wave=wave,
        groups=[group for group in shown if group.causes.shown or not group.is_counted],
        has_some=bool(known) or not all(group.is_counted for group in groups),
        words=sorted({word for cause in known for word in (cause.called, cause.path, cause.column) if word}),
        stages=sorted({cause.stage for cause in known if cause.stage}),
        search=search,
        stage=stage,
        is_search=is_search,
        most=MOST_WAVES,
    )


def _waves(asked: Asked, wave: WaveLine | None) -> list[list[WaveLine]]:
    """Return the waves that are shown together: one, or the open ones by dialect, mode and Kraken."""
    if wave is not None:
        return [[wave]]
    with asked.read() as connection:
        numbers = triage.waves_with_some(connection=connection, dialects=asked.dialects, most=MOST_WAVES)
        grouped: dict[tuple[str, str, str], list[WaveLine]] = {}
        for line in overview.waves_of(connection=connection, wave_ids=numbers):
            grouped.setdefault((line.dialect, line.mode, line.target_kraken), []).append(line)
    return list(grouped.values())


def _number(*, asked: Asked, matching: Matching) -> int | None:
    """Count the records that are meant. Where very many are left, beside the page: None while they are."""
    with asked.read() as connection:
        if _left(connection, matching.wave_ids) <= _MOST_AT_ONCE:
            return triage.count(connection=connection, matching=matching).records
    engine = asked.reader

    def find_out() -> int:
        with reading(engine=engine, seconds=_LONGEST_COUNT) as connection:
            return triage.count(connection=connection, matching=matching).records

    known = _NUMBERS.of(key=(asked.place, repr(matching.values)), find_out=find_out)
    return None if known is None else known.found


def _left(connection: Connection, wave_ids: Sequence[int]) -> int:
    states = board.states(connection=connection, wave_ids=wave_ids)
    return sum(number for each in states.values() for state, number in each.items() if state in LEFT)


def _group(*, asked: Asked, waves: Sequence[WaveLine], of_one: bool) -> Group:
    """Return the causes of some waves. Where very many records are left, they are counted beside the page."""
    mapped = _mapped(asked=asked, dialect=waves[0].dialect)
    ids = [wave.id for wave in waves]
    with asked.read() as connection:
        if _left(connection, ids) <= _MOST_AT_ONCE:
            causes = _causes(connection, waves, of_one, mapped or UNMAPPED, ALL_CAUSES)
            return Group(waves=waves, causes=causes, is_mapped=mapped is not None, of_one=of_one)
    engine = asked.reader

    def find_out() -> Causes:
        with reading(engine=engine, seconds=_LONGEST_COUNT) as connection:
            return _causes(connection, waves, of_one, mapped or UNMAPPED, ALL_CAUSES)

    known = _COUNTED.of(key=(asked.place, of_one, *ids, mapped is not None), find_out=find_out)
    return Group(
        waves=waves,
        causes=Causes(shown=(), number=0) if known is None else known.found,
        is_mapped=mapped is not None,
        of_one=of_one,
        is_counted=known is not None,
        counted_at=None if known is None else known.at,
    )


def _searched_group(asked: Asked, group: Group, search: str, stage: str) -> Group:
    """Return those of its causes that hold a text, among all that there are."""
    waves = group.waves
    mapped = _mapped(asked=asked, dialect=waves[0].dialect) or UNMAPPED
    looked_for = sought(text=search, stage=stage, mapped=mapped)
    with asked.read() as connection:
        causes = _causes(connection, waves, group.of_one, mapped, looked_for)
    return replace(group, causes=causes, is_counted=True, counted_at=None)


def _causes(
    connection: Connection, waves: Sequence[WaveLine], of_one: bool, mapped: Mapped, looked_for: Sought
) -> Causes:
    if of_one:
        return causes_of(connection=connection, wave=waves[0], mapped=mapped, looked_for=looked_for)
    return causes_of_waves(connection=connection, waves=waves, mapped=mapped, looked_for=looked_for)


def _mapped(*, asked: Asked, dialect: str) -> Mapped | None:
    """Return a dialect's mapping; None while it is being read; nothing is known of one not in force."""
    if not any(dialect in names for names in asked.surroundings.places().values()):
        return UNMAPPED
    return COLUMNS.of(dialect=dialect)


def _orders(*, asked: Asked, found: Chosen, parked: bool) -> list[tuple[str, str]]:
    """Return the orders that the user may give about these records, and their words."""
    words = {"rerun": "Rerun" if found.is_live else "Rehearse again"}
    if found.is_live:
        words["rehearse"] = "Rehearse"
    if parked and found.wave_id is not None:
        words["decide"] = "Decide about the parked"
    if found.is_live:
        words["give"] = "Give to an owner"
    words["export"] = "Export"
    return [(kind, word) for kind, word in words.items() if asked.may(KINDS[kind].act, found.dialect)]
