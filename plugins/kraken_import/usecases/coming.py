"""What the nights to come would take: the cohorts without a wave, and what each waits for. Read only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kraken_import.tracking import cohorts
from kraken_import.tracking.cohorts import WaitingCohort
from kraken_import.tracking.watch import DueCohort
from kraken_import.usecases.dialect_facts import DialectFacts, facts_of
from kraken_import.usecases.policy import daily_window_in_words, in_words
from kraken_import.usecases.watch import night_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A cohort, the night that takes it if it is the next one, and how it stands, in words."""

    cohort: WaitingCohort
    policy: str
    goes: bool
    """Whether the next scheduled night takes it."""
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The next night of a dialect at a Kraken: when it begins (None: by hand only), and its cohorts."""

    dialect: str
    target_kraken: str
    zone: str
    begins_at: datetime | None
    cohorts: Sequence[Coming]
    problem: str | None = None
    """Why no night can take them, in one sentence: the dialect is not in force, or cannot be loaded."""

    @property
    def customers(self) -> int:
        """How many customers the night takes."""
        return sum(each.cohort.customers for each in self.cohorts if each.goes)


def nights_to_come(
    *,
    tracking: Engine,
    schedule: str,
    now: datetime,
    dialect: str | None = None,
    facts: Callable[[str], DialectFacts] = facts_of,
) -> list[Night]:
    """Return the next night of each dialect that has cohorts without a wave.

    `schedule` is the cron line of the nights, in each dialect's zone; empty: they are run by hand only.
    """
    with tracking.connect() as connection:
        waiting = cohorts.waiting(connection=connection, dialect=dialect)
    places = dict.fromkeys((each.dialect, each.target_kraken) for each in waiting)
    return [
        _night(
            dialect=name,
            target_kraken=kraken,
            waiting=[each for each in waiting if (each.dialect, each.target_kraken) == (name, kraken)],
            begins=_Begins(schedule=schedule, now=now, facts=facts(name)),
        )
        for name, kraken in places
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begins:
    """What decides when the next night of a dialect begins."""

    schedule: str
    now: datetime
    facts: DialectFacts


def _night(*, dialect: str, target_kraken: str, waiting: Sequence[WaitingCohort], begins: _Begins) -> Night:
    if begins.facts.problem is not None:
        standing = "waits: its dialect cannot be used"
        return Night(
            dialect=dialect,
            target_kraken=target_kraken,
            zone="",
            begins_at=None,
            cohorts=[Coming(cohort=each, policy="", goes=False, standing=standing) for each in waiting],
            problem=begins.facts.problem,
        )
    zone = begins.facts.zone
    begins_at = _next_night(schedule=begins.schedule, zone=ZoneInfo(zone), now=begins.now)
    due = [
        each
        for each in waiting
        if begins_at is not None and each.wave_date is not None and each.wave_date <= begins_at.date()
    ]
    # The oldest goes first, with those of its kind: a wave has one mode, import supplier and policy.
    kind = _kind(due[0]) if due else None
    return Night(
        dialect=dialect,
        target_kraken=target_kraken,
        zone=zone,
        begins_at=begins_at,
        cohorts=[
            Coming(
                cohort=each,
                policy=in_words(
                    settings=each.policy, window=daily_window_in_words(settings=each.policy, zone=zone)
                )
                if each.policy.said
                else "none: an older version planned it",
                goes=each in due and _kind(each) == kind,
                standing=_standing(cohort=each, begins_at=begins_at, first=due[0] if due else None),
            )
            for each in waiting
        ],
    )


def _standing(*, cohort: WaitingCohort, begins_at: datetime | None, first: WaitingCohort | None) -> str:
    if cohort.wave_date is None:
        return "waits: it has no date, so only a run that names it takes it"
    if begins_at is None:
        return "waits: nights are not scheduled, so only a run that names it takes it"
    if cohort.wave_date > begins_at.date():
        return f"waits for its date, {cohort.wave_date}"
    if first is not None and _kind(cohort) != _kind(first):
        return f"waits a night: {first.name!r} goes first, with another mode, import supplier or policy"
    return "goes in this night"


def _kind(cohort: WaitingCohort) -> tuple[object, ...]:
    return cohort.mode, cohort.import_supplier, cohort.policy


def _next_night(*, schedule: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    if not schedule:
        return None
    today = DueCohort(name="", dialect="", wave_date=now.astimezone(zone).date(), planned_at=now, customers=0)
    return night_of(cohort=today, schedule=schedule, zone=zone)
