"""The plan: the nights to come, who goes in which, and what was missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Response

from kraken_import.console.asking import Ask, Asked, NotFound
from kraken_import.console.shared import shared
from kraken_import.domain.lifecycle import SUCCEEDED, Mode
from kraken_import.tracking import cohorts, preflights
from kraken_import.usecases.dialect_facts import facts_from_elsewhere
from kraken_import.usecases.plan_board import plan_board

router = APIRouter()

_MOST: Final = 10_000
"""Customers of a cohort whose rehearsals are looked up."""


@router.get("/plan")
def plan(asked: Ask) -> Any:
    """Show the calendar of cohorts."""
    return shared(asked=asked, make=_plan)


def _plan(asked: Asked) -> Response:
    board = plan_board(
        tracking=asked.reader,
        schedule=asked.surroundings.schedule(),
        now=datetime.now(UTC),
        dialects=asked.dialects,
        facts=facts_from_elsewhere,
    )
    with asked.read() as connection:
        checked = preflights.latest(connection=connection, dialects=asked.dialects)
    return asked.page("plan", board=board, checked=checked)


@router.get("/plan/{cohort_id}")
def cohort(asked: Ask, cohort_id: int) -> Any:
    """Show a cohort, and how the last rehearsals of exactly its customers stand."""
    board = plan_board(
        tracking=asked.reader,
        schedule=asked.surroundings.schedule(),
        now=datetime.now(UTC),
        dialects=asked.dialects,
        facts=facts_from_elsewhere,
    )
    found = next((each for each in board.cohorts if each.cohort.id == cohort_id), None)
    if found is None:
        raise NotFound("There is no such cohort that waits for a wave: another run may have taken it.")
    with asked.read() as connection:
        rehearsed = cohorts.rehearsed(connection=connection, cohort_id=cohort_id, most=_MOST)
        dialect = found.cohort.dialect
        checked = preflights.latest(connection=connection, dialects=[dialect]).get(dialect)
    return asked.page(
        "cohort",
        planned=found,
        checked=checked,
        is_live=found.cohort.mode is Mode.LIVE,
        rehearsed=rehearsed,
        looked_at=sum(each.customers for each in rehearsed),
        good=sum(each.customers for each in rehearsed if each.state in SUCCEEDED),
    )
