"""Orders: what one would do, giving it once, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from kraken_import.console.asking import Ask, Asked, NotFound
from kraken_import.console.following import end_order, progress_of
from kraken_import.console.forms import FIELD, sent_form
from kraken_import.console.kinds import KINDS
from kraken_import.console.kinds.kind import AtOnce, Kind, Progress, Scope, others_fit
from kraken_import.console.runs import page_of
from kraken_import.domain.orders import Order
from kraken_import.tracking import actions
from kraken_import.tracking.actions import NewAction
from kraken_import.tracking.waves import PlannedRun
from kraken_import.usecases.faults import BadRequest

router = APIRouter()
_log = logging.getLogger(__name__)

_MOST: Final = 100
_MOST_FOLLOWED: Final = 10
"""Orders under way whose standing a look at the list finds out: the newest."""
_OWN: Final = frozenset({FIELD, "id", "kind", "reason", "shown", "digest", "again"})
_AGAIN: Final = UUID("6d1f4a52-7c3e-4b8e-9d53-0a4c8f2b7e61")
"""Of it and of an order's id comes the id of the same order given again: once, however many people do."""
_LONGEST_FIELD: Final = 2_000
_LONGEST_PICKED: Final = 8_000
"""Characters that name all that can be picked on a page."""


@router.get("/orders")
def orders(asked: Ask) -> Any:
    """Show the newest orders."""
    with asked.read() as connection:
        found = actions.latest(connection=connection, dialects=asked.dialects, most=_MOST)
    going_on = [action for action in found if action.outcome is None]
    # What asks Airflow takes longer than what asks the tracking database alone.
    short = [action for action in going_on if isinstance(KINDS.get(action.kind), AtOnce)]
    long = [action for action in going_on if action not in short]
    stands = {each.id: progress_of(asked=asked, action=each) for each in [*short, *long[:_MOST_FOLLOWED]]}
    return asked.page(
        "orders",
        actions=[
            replace(action, outcome=stands[action.id].outcome, result=stands[action.id].sentence)
            if action.id in stands
            else action
            for action in found
        ],
    )


@router.get("/orders/new/{kind}")
def new(asked: Ask, kind: str) -> Any:
    """Show what an order would do, before anything is done."""
    wanted = _kind(kind)
    given = _bounded(asked.request.query_params)
    action_id = uuid5(_AGAIN, given["again"]) if given.get("again") else uuid4()
    with asked.read() as connection:
        if actions.find(connection=connection, action_id=action_id) is not None:
            return RedirectResponse(asked.link("orders", action_id), status_code=303)
    values = _asked_for(given)
    scope = wanted.scope(asked=asked, values=values)
    asked.require(act=wanted.act, dialect=scope.dialect)
    back = asked.link("waves", scope.wave_id) if scope.wave_id else asked.link("waves")
    shown = {} if scope.records is None else {"shown": str(scope.records), "digest": scope.digest}
    return asked.page(
        "order", scope=scope, kind=kind, id=action_id, values={**values, **scope.values, **shown}, back=back
    )


@router.post("/orders")
async def give(request: Request, asked: Ask) -> Response:
    """Give an order, unless its button was pressed before, and lead to what came of it."""
    form = await sent_form(request=request)
    return await run_in_threadpool(_give, asked, _bounded(form))


@router.get("/orders/{action_id}")
def order(asked: Ask, action_id: UUID) -> Any:
    """Show an order, and what came of it."""
    with asked.read() as connection:
        found = actions.find(connection=connection, action_id=action_id)
    if found is None or (found.dialect is not None and not asked.caller.may_read(dialect=found.dialect)):
        raise NotFound("There is no such order that you may see.")
    progress = progress_of(asked=asked, action=found)
    kind = KINDS.get(found.kind)
    is_to_repeat = progress.outcome in ("failed", "refused") and kind is not None
    again = {**found.asked_for, "again": str(found.id)}
    return asked.page(
        "ordered",
        action=found,
        progress=progress,
        run_page=page_of(asked=asked, run=PlannedRun(dag_id=found.dag_id, run_id=found.run_id))
        if found.dag_id and found.run_id
        else "",
        again=again if is_to_repeat and kind and asked.may(kind.act, found.dialect) else None,
    )


def _give(asked: Asked, form: Mapping[str, str]) -> Response:
    asked.require_form(sent=form.get(FIELD, ""))
    kind = _kind(form.get("kind", ""))
    try:
        action_id = UUID(form.get("id", ""))
    except ValueError:
        raise BadRequest("The form is incomplete: open the page again, and send it there.") from None
    values = _asked_for(form)
    lead = RedirectResponse(asked.link("orders", action_id), status_code=303)
    with asked.read() as connection:
        if actions.find(connection=connection, action_id=action_id) is not None:
            return lead
    scope = kind.scope(asked=asked, values=values)
    asked.require(act=kind.act, dialect=scope.dialect)
    reason = Order(by=asked.caller.name, reason=form.get("reason"), at=datetime.now(UTC)).reason
    if reason is None:
        raise BadRequest("Give a reason: it is kept with the order.")
    if scope.refusal:
        raise BadRequest(scope.refusal)
    shown = (form.get("shown", ""), form.get("digest", ""))
    if scope.records is not None and shown != (str(scope.records), scope.digest):
        raise BadRequest(others_fit(fit=scope.records, shown=shown[0]))
    action = NewAction(
        id=action_id,
        kind=kind.name,
        scope=scope.words,
        reason=reason,
        ordered_by=asked.caller.name,
        dialect=scope.dialect,
        wave_id=scope.wave_id,
        selection_id=scope.selection_id,
        records=scope.records,
        dag_id=scope.dag_id,
        run_id=scope.run_id,
        asked_for=_repeatable(values=values, scope=scope),
    )
    with actions.taken(engine=asked.writer, action=action) as is_first:
        if is_first:
            end_order(
                asked=asked, action_id=action_id, progress=_carried_out(asked, kind, scope, values, action)
            )
    return lead


def _repeatable(*, values: Mapping[str, str], scope: Scope) -> dict[str, str]:
    """Return what an address said of an order, without what a person filled in and what holds only once."""
    filled_in = {field.name for field in scope.fields}
    return {name: value for name, value in values.items() if name not in filled_in | scope.values.keys()}


def _carried_out(
    asked: Asked, kind: Kind, scope: Scope, values: Mapping[str, str], action: NewAction
) -> Progress:
    try:
        return kind.carry_out(asked=asked, scope=scope, values=values, action=action)
    except BadRequest as refused:
        return Progress(sentence=str(refused), outcome="refused")
    except Exception as error:
        # Its words may quote a customer; the row says that it did not end well.
        _log.error("An order to %s failed: %s.", kind.name, type(error).__name__)
        return Progress(
            sentence=f"It failed ({type(error).__name__}), and may be done in part: look before you order it "
            "again.",
            outcome="failed",
        )


def _kind(name: str) -> Kind:
    found = KINDS.get(name)
    if found is None:
        raise NotFound("There is no such order.")
    return found


def _asked_for(said: Mapping[str, str]) -> dict[str, str]:
    """Return what says which order is meant: an address does not fill in what the form says of itself."""
    return {name: value for name, value in said.items() if name not in _OWN}


def _bounded(values: Mapping[str, str]) -> dict[str, str]:
    """Return what was sent. Raises `BadRequest` where a field is longer than any that is meant."""
    longest = {"picked": _LONGEST_PICKED}
    if any(
        len(value) > longest.get(name, _LONGEST_FIELD) or len(name) > 100 for name, value in values.items()
    ):
        raise BadRequest(f"A field holds more than {_LONGEST_FIELD:,} characters, so nothing was done.")
    return dict(values)
