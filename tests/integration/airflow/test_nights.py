"""Airflow's own timetable across clock changes: each night begins once, and where the watch expects it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from kraken_import.tracking.watch import DueCohort
from kraken_import.usecases.watch import night_of
from transforms.registry import dialect_names, get_dialect

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.filterwarnings("default")]

CHANGES = {
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/Lisbon": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Sydney": (date(2026, 4, 5), date(2026, 10, 4)),
}
# Ours, and lines whose time is skipped or comes twice somewhere.
SCHEDULES = ("0 20 * * *", "30 0 * * *", "0 1 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "0 3 * * *")


def runs_of(
    *, schedule: str, zone: str, since: datetime, until: datetime, monkeypatch: pytest.MonkeyPatch
) -> list[datetime]:
    """When a scheduler that was started at `since` begins runs, the DAG catching up none."""
    from airflow.timetables import trigger
    from airflow.timetables.base import TimeRestriction

    timetable = trigger.CronTriggerTimetable(schedule, timezone=zone)
    never_before = TimeRestriction(earliest=None, latest=None, catchup=False)
    found: list[datetime] = []
    now, last = since, None
    while now < until:
        monkeypatch.setattr(trigger, "utcnow", lambda now=now: now)
        following = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=never_before)
        assert following is not None
        found.append(following.run_after)
        # A scheduler that is a little late.
        now, last = following.run_after + timedelta(seconds=3), following.data_interval
    return found[:-1]


def test_the_zones_of_all_dialects_are_looked_at() -> None:
    assert {get_dialect(name=name).zone for name in dialect_names()} == set(CHANGES)


@pytest.mark.parametrize("zone", CHANGES)
def test_each_night_begins_once_when_clocks_change_and_as_the_watch_expects(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ZoneInfo(zone)
    for change in CHANGES[zone]:
        dates = [change + timedelta(days=days) for days in (-1, 0, 1)]
        since = datetime.combine(dates[0], time.min, place).astimezone(UTC)
        until = datetime.combine(dates[-1] + timedelta(days=1), time.min, place).astimezone(UTC)
        for schedule in SCHEDULES:
            runs = runs_of(schedule=schedule, zone=zone, since=since, until=until, monkeypatch=monkeypatch)
            assert [run.astimezone(place).date() for run in runs] == dates, schedule
            expected = [
                night_of(
                    cohort=DueCohort(
                        name="c", dialect="edf_accounts", wave_date=day, planned_at=since, customers=1
                    ),
                    schedule=schedule,
                    zone=place,
                ).astimezone(UTC)
                for day in dates
            ]
            assert runs == expected, schedule
