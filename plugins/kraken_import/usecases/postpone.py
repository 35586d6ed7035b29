"""Gives a cohort that no wave has taken another night."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kraken_import.tracking import cohorts
from kraken_import.usecases.faults import BadRequest


def read_date(*, text: str) -> date | None:
    """Read a date as a form gives it; blank: none. Raises `BadRequest`."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadRequest("The date must be one like 2026-12-01, or empty.") from None


def postpone(*, tracking: Engine, cohort_id: int, wave_date: date | None, zone: str, now: datetime) -> str:
    """Have a cohort wait for another date, or for a run that names it. Returns what that means.

    Raises `BadRequest`: a date that is over, a night of waves of another kind, or a cohort that a wave has.
    """
    if wave_date is not None and wave_date < now.astimezone(ZoneInfo(zone or "UTC")).date():
        raise BadRequest(f"{wave_date} is over: choose today or a later date, or leave it empty.")
    try:
        with tracking.begin() as connection:
            # A plan that is being written could take the same night for waves of another kind.
            cohorts.lock_planning(connection=connection)
            had = cohorts.postpone(connection=connection, cohort_id=cohort_id, wave_date=wave_date)
    except (cohorts.CohortConflict, cohorts.CohortNotFree) as error:
        raise BadRequest(str(error)) from error
    before = "without a date before" if had is None else f"in place of {had}"
    if wave_date is None:
        return f"It has no date now ({before}): only a run that names it takes it."
    return f"It waits for the night of {wave_date} now, {before}."
