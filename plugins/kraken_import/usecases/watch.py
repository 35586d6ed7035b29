"""Looks where no run looks: open and parked records, outages, missed nights, a dead triggerer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from croniter import croniter
from sqlalchemy import Engine

from kraken_import.tracking import outages, watch
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.watch import DueCohort, OpenRecords, ParkedRecords, Told
from transforms.registry import delivered_dialect

GRACE: Final = timedelta(hours=1)
"""How long after its night has begun a cohort may wait for a run."""
SILENCE: Final = timedelta(minutes=2)
"""How long Airflow's triggerer may be silent: a restart takes less."""
BLIP: Final = timedelta(minutes=1)
"""How long an outage must last before people are told of it."""
AGAIN: Final = timedelta(days=1)
"""When people are told once more of what has not changed."""

_EARLIER: Final = timedelta(hours=3)
"""More than clocks ever go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Cohorts of a dialect that no run has taken; `night` is when the first of them was due."""

    dialect: str
    cohorts: tuple[DueCohort, ...]
    night: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageNews:
    """An outage to announce: that it lasts, or, if people know of it, that it is over."""

    outage: Outage

    @property
    def subject(self) -> str:
        """The key under which it is remembered; the number of the outage is the amount."""
        return f"outage {self.outage.target_kraken}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The silence of the triggerer; `lasted` is None when it was never seen."""

    lasted: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What stands at a Connection now."""

    records: Mapping[tuple[str, str], int]
    """How many are `open` and `parked`, by dialect and that word."""
    request_seconds: float | None
    """How long a request usually takes; None before any was made."""
    outages: int
    """Outages under way."""


def measure(*, tracking: Engine, connection_id: str) -> Measured:
    """Return what stands at a Connection now, in numbers."""
    with tracking.connect() as connection:
        found = outages.last_of_connection(connection=connection, connection_id=connection_id)
        return Measured(
            records=watch.standing(connection=connection, connection_id=connection_id),
            request_seconds=watch.request_seconds(connection=connection, connection_id=connection_id),
            outages=sum(outage.is_under_way for outage in found),
        )


def find_open_too_long(
    *, tracking: Engine, connection_id: str, hours: float, now: datetime
) -> OpenRecords | None:
    """Return the records of a Connection that have been open for more than `hours`; None without any."""
    with tracking.connect() as connection:
        return watch.open_too_long(
            connection=connection, connection_id=connection_id, before=now - timedelta(hours=hours)
        )


def find_parked(*, tracking: Engine, connection_id: str, now: datetime) -> ParkedRecords:
    """Count parked records of a Connection's ended waves, except those that their ends reported lately."""
    with tracking.connect() as connection:
        return watch.parked(connection=connection, connection_id=connection_id, before=now - AGAIN)


def outage_news(*, tracking: Engine, connection_id: str) -> list[OutageNews]:
    """Return the outages of a Connection's Krakens to announce: that they last, or that they are over."""
    found = []
    with tracking.connect() as connection:
        for outage in outages.last_of_connection(connection=connection, connection_id=connection_id):
            news = OutageNews(outage=outage)
            told = watch.told(connection=connection, subject=news.subject)
            if outage.is_under_way:
                is_news = outage.seen_at - outage.began_at >= BLIP and (
                    told is None or told.amount != outage.id
                )
            else:
                is_news = told is not None
            if is_news:
                found.append(news)
    return found


def remember_outage(*, tracking: Engine, news: OutageNews, now: datetime) -> None:
    """Remember which outage people were told of, and forget it once they know that it is over."""
    with tracking.begin() as connection:
        if news.outage.is_under_way:
            watch.remember(connection=connection, subject=news.subject, amount=news.outage.id, at=now)
        else:
            watch.forget(connection=connection, subject=news.subject)


def overdue_cohorts(
    *, tracking: Engine, dialects: Sequence[str], schedule: str, now: datetime
) -> list[Overdue]:
    """Return the cohorts that no run has taken an hour after their night began, one entry for each dialect.

    `schedule` is the cron line of the nights, in each dialect's time zone; without one there are none.
    """
    if not schedule:
        return []
    # In another time zone it may be a day later than here.
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    with tracking.connect() as connection:
        due = watch.due_cohorts(connection=connection, dialects=dialects, day=tomorrow)
    found = []
    for dialect in dialects:
        zone = ZoneInfo(delivered_dialect(name=dialect).zone)
        nights = {
            cohort: night_of(cohort=cohort, schedule=schedule, zone=zone)
            for cohort in due
            if cohort.dialect == dialect
        }
        late = tuple(cohort for cohort, night in nights.items() if now - night.astimezone(UTC) >= GRACE)
        if late:
            found.append(Overdue(dialect=dialect, cohorts=late, night=min(nights[cohort] for cohort in late)))
    return found


def night_of(*, cohort: DueCohort, schedule: str, zone: ZoneInfo) -> datetime:
    """Return when the first run begins that could have taken a cohort: on or after its date, once planned."""
    opens = datetime.combine(cohort.wave_date, time.min, zone)
    since = max(opens.astimezone(UTC), cohort.planned_at.astimezone(UTC))
    # As Airflow reads a cron line: by local time, which may go back by an hour after this.
    times = croniter(schedule, (since - _EARLIER).astimezone(zone).replace(tzinfo=None))
    while True:
        wall: datetime = times.get_next(datetime)
        # Of a time that comes twice the second counts, and a skipped one is as long after midnight.
        night = max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if night >= since:
            return night.astimezone(zone)


def triggerer_silence(*, health: Mapping[str, Any], now: datetime) -> Silence | None:
    """Return what Airflow's health answer says of the triggerer; None while it is alive."""
    part = health.get("triggerer") or {}
    heartbeat = part.get("latest_triggerer_heartbeat")
    if heartbeat is None:
        return Silence(lasted=None)
    lasted = now - datetime.fromisoformat(heartbeat)
    return Silence(lasted=lasted) if lasted > SILENCE else None


def is_news(*, tracking: Engine, subject: str, amount: int, now: datetime) -> bool:
    """Return whether to tell people of a subject with this amount. An amount of 0 forgets the subject."""
    with tracking.begin() as connection:
        if not amount:
            watch.forget(connection=connection, subject=subject)
            return False
        return has_grown(told=watch.told(connection=connection, subject=subject), amount=amount, now=now)


def has_grown(*, told: Told | None, amount: int, now: datetime) -> bool:
    """Return whether the amount is new, is twice what was told, or was told a day ago."""
    return told is None or amount >= 2 * told.amount or now - told.told_at >= AGAIN


def remember(*, tracking: Engine, subject: str, amount: int, now: datetime) -> None:
    """Record that people were told of a subject."""
    with tracking.begin() as connection:
        watch.remember(connection=connection, subject=subject, amount=amount, at=now)
