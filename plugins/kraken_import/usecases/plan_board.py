"""The nights to come as a calendar: which cohorts go when, and which were missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kraken_import.tracking import cohorts
from kraken_import.tracking.cohorts import WaitingCohort
from kraken_import.tracking.watch import DueCohort
from kraken_import.usecases.coming import Coming, nights_to_come
from kraken_import.usecases.dialect_facts import DialectFacts
from kraken_import.usecases.watch import GRACE, night_of

_WEEKS: Final = 5
_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCohort:
    """A cohort that waits, its customers by stratum, and whether its night went by without it."""

    coming: Coming
    strata: Mapping[str, int]
    missed_at: datetime | None
    """When the night that it missed began; None where it missed none."""
    problem: str | None
    """Why no night can take it."""

    @property
    def cohort(self) -> WaitingCohort:
        """The cohort itself."""
        return self.coming.cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the calendar, with the cohorts of its date."""

    date: date
    is_today: bool
    cohorts: Sequence[PlannedCohort]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBoard:
    """What waits: missed cohorts, the calendar's weeks, and all cohorts in the order of their dates."""

    begins: Mapping[str, datetime]
    """When the next night of each dialect begins; without those whose nights are run by hand."""
    cohorts: Sequence[PlannedCohort]
    weeks: Sequence[Sequence[Day]]

    @property
    def missed(self) -> list[PlannedCohort]:
        """The cohorts whose night went by without them."""
        return [each for each in self.cohorts if each.missed_at is not None]


def plan_board(
    *,
    tracking: Engine,
    schedule: str,
    now: datetime,
    dialects: Sequence[str],
    facts: Callable[[str], DialectFacts],
) -> PlanBoard:
    """Return the plan of these dialects."""
    nights = [
        night
        for night in nights_to_come(tracking=tracking, schedule=schedule, now=now, facts=facts)
        if night.dialect in dialects
    ]
    waiting = [each for night in nights for each in night.cohorts]
    with tracking.connect() as connection:
        strata = cohorts.strata(connection=connection, ids=[each.cohort.id for each in waiting])
    found = [
        PlannedCohort(
            coming=each,
            strata=strata.get(each.cohort.id, {}),
            missed_at=_missed(cohort=each.cohort, schedule=schedule, zone=night.zone, now=now),
            problem=night.problem,
        )
        for night in nights
        for each in night.cohorts
    ]
    return PlanBoard(
        begins={night.dialect: night.begins_at for night in nights if night.begins_at is not None},
        cohorts=sorted(found, key=lambda each: (each.cohort.wave_date or date.max, each.cohort.id)),
        weeks=_weeks(cohorts=found, today=now.date()),
    )


def _missed(*, cohort: WaitingCohort, schedule: str, zone: str, now: datetime) -> datetime | None:
    if cohort.wave_date is None or not schedule or not zone:
        return None
    due = DueCohort(
        name=cohort.name,
        dialect=cohort.dialect,
        wave_date=cohort.wave_date,
        planned_at=cohort.planned_at,
        customers=cohort.customers,
    )
    night = night_of(cohort=due, schedule=schedule, zone=ZoneInfo(zone))
    return night if now - night >= GRACE else None


def _weeks(*, cohorts: Sequence[PlannedCohort], today: date) -> list[list[Day]]:
    """Return the weeks, from Monday on, that begin with this one."""
    monday = today - timedelta(days=today.weekday())
    by_date: dict[date, list[PlannedCohort]] = {}
    for each in cohorts:
        if each.cohort.wave_date is not None:
            by_date.setdefault(each.cohort.wave_date, []).append(each)
    days = [monday + timedelta(days=number) for number in range(_WEEKS * _WEEK)]
    shown = [Day(date=day, is_today=day == today, cohorts=by_date.get(day, [])) for day in days]
    return [shown[place : place + _WEEK] for place in range(0, len(shown), _WEEK)]
