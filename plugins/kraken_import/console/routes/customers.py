"""Customers: found by their identifier, and the story of each record; what was sent on a page of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from kraken_import.console.asking import Ask, Asked, NotAllowed, NotFound
from kraken_import.console.columns import COLUMNS
from kraken_import.console.forms import FIELD, sent_form
from kraken_import.domain.masking import shape_of
from kraken_import.domain.texts import flaw_of
from kraken_import.tracking import story
from kraken_import.tracking.story import Answered, Record, Sent
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.story import look_at, story_of_record
from kraken_import.usecases.triage import UNMAPPED

router = APIRouter()

_LONGEST: Final = 200_000
"""Characters of a payload or an answer that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One thing that was sent or answered, as the page shows it."""

    title: str
    at: datetime
    text: str


@router.get("/customers")
def customers(asked: Ask) -> Any:
    """Show where to search."""
    return asked.page("customers", found=None)


@router.post("/customers")
async def search(request: Request, asked: Ask) -> Any:
    """Show the records of the customer with an identifier, or lead to the only one."""
    form = await sent_form(request=request)
    return await run_in_threadpool(_search, asked, form.get(FIELD, ""), form.get("identifier", ""))


@router.get("/records/{record_id}")
def record(asked: Ask, record_id: int) -> Any:
    """Show what became of a record."""
    found = _record(asked=asked, record_id=record_id)
    with asked.read() as connection:
        told = story_of_record(connection=connection, record=found)
    is_known = any(found.dialect in names for names in asked.surroundings.places().values())
    mapped = COLUMNS.of(dialect=found.dialect) if is_known else UNMAPPED
    return asked.page(
        "record",
        story=told,
        record=found,
        others=[each for each in told.others if each.dialect in asked.dialects],
        mapped=mapped or UNMAPPED,
        is_mapped=mapped is not None,
        may_see=asked.caller.may_see_personal_data(dialect=found.dialect),
    )


@router.get("/records/{record_id}/payload")
def masked(asked: Ask, record_id: int) -> Any:
    """Show the fields of what was sent and answered, with kinds in place of values."""
    return _payload(asked=asked, found=_record(asked=asked, record_id=record_id), is_masked=True)


@router.post("/records/{record_id}/payload")
async def unmasked(request: Request, asked: Ask, record_id: int) -> Any:
    """Show what was sent and answered, once it is recorded who looks."""
    form = await sent_form(request=request)
    return await run_in_threadpool(_unmasked, asked, record_id, form.get(FIELD, ""))


def _search(asked: Asked, token: str, text: str) -> Response:
    asked.require_form(sent=token)
    identifier = text.strip()
    if not identifier:
        raise BadRequest("Give the external identifier of the customer, as the legacy system has it.")
    if flaw := flaw_of(text=identifier):
        raise BadRequest(f"No customer has an identifier that {flaw}.")
    with asked.read() as connection:
        found = [
            each
            for each in story.records(connection=connection, external_identifier=identifier)
            if asked.caller.may_read(dialect=each.dialect)
        ]
    if len(found) == 1:
        return RedirectResponse(asked.link("records", found[0].id), status_code=303)
    page: Response = asked.page("customers", found=found)
    return page


def _record(*, asked: Asked, record_id: int) -> Record:
    with asked.read() as connection:
        found = story.record(connection=connection, record_id=record_id)
    if found is None or not asked.caller.may_read(dialect=found.dialect):
        raise NotFound(f"There is no record {record_id} that you may see: search for the customer.")
    return found


def _unmasked(asked: Asked, record_id: int, token: str) -> Any:
    asked.require_form(sent=token)
    found = _record(asked=asked, record_id=record_id)
    if not asked.caller.may_see_personal_data(dialect=found.dialect):
        raise NotAllowed(
            f"{asked.caller.name} may not see what was sent of customers of {found.dialect}: Airflow gives "
            "no permission to read its Connection to Kraken."
        )
    return _payload(asked=asked, found=found, is_masked=False)


def _payload(*, asked: Asked, found: Record, is_masked: bool) -> Any:
    sent, answered = look_at(tracking=asked.writer, record=found, by=None if is_masked else asked.caller.name)
    return asked.page(
        "payload",
        record=found,
        is_masked=is_masked,
        may_see=asked.caller.may_see_personal_data(dialect=found.dialect),
        shown=_shown(sent=sent, answered=answered, is_masked=is_masked),
    )


def _shown(*, sent: Sequence[Sent], answered: Sequence[Answered], is_masked: bool) -> list[Shown]:
    found = [
        Shown(
            title=f"Payload of try {each.attempt}",
            at=each.built_at,
            text=_text(body=each.body, is_masked=is_masked),
        )
        for each in sent
    ]
    found += [
        Shown(
            title=f"Answer to {each.stage}, try {each.attempt}, "
            + ("no HTTP status" if each.http_status is None else f"HTTP {each.http_status}"),
            at=each.received_at,
            text=_text(body=each.body, is_masked=is_masked),
        )
        for each in answered
    ]
    return sorted(found, key=lambda each: each.at)


def _text(*, body: bytes, is_masked: bool) -> str:
    """Return a body for people: JSON with its lines, and what is no JSON as it is, or only its length."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        if is_masked:
            return f"{len(body):,} bytes that are no JSON"
        return _cut(body.decode(errors="replace"))
    shown = shape_of(document=document) if is_masked else document
    return _cut(json.dumps(shown, indent=2, ensure_ascii=False))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}\n… {len(text) - _LONGEST:,} characters more"
