"""Windows and nights when clocks change, north and south: nothing lasts longer, and nothing is left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.policies import BUILT_IN, PolicySettings, over, times_of
from kraken_import.tracking.watch import DueCohort
from kraken_import.tracking.waves import Policy
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.nights import day_of
from kraken_import.usecases.policy import (
    check_policy,
    next_window,
    task_params,
    wave_policy,
    window_is_over,
    window_of,
)
from kraken_import.usecases.watch import night_of
from kraken_import.usecases.wave_request import AirflowRun
from transforms.registry import get_dialect

LONDON, LISBON, NEW_YORK, SYDNEY = "Europe/London", "Europe/Lisbon", "America/New_York", "Australia/Sydney"
CHANGES = [
    (LONDON, date(2026, 3, 29)),
    (LONDON, date(2026, 10, 25)),
    (LISBON, date(2026, 3, 29)),
    (LISBON, date(2026, 10, 25)),
    (NEW_YORK, date(2026, 3, 8)),
    (NEW_YORK, date(2026, 11, 1)),
    (SYDNEY, date(2026, 4, 5)),
    (SYDNEY, date(2026, 10, 4)),
]
WINDOWS = [
    "22:00-06:00",
    "00:30-01:30",
    "01:10-01:50",
    "01:30-02:30",
    "02:10-02:50",
    "01:30-01:00",
    "06:00-05:00",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zone", "now", "begin", "end"),
    [
        # The hour that is skipped: a window that begins or ends in it does so when clocks change.
        ("01:30-06:00", LISBON, "2026-03-28T22:00", "2026-03-29T01:00", "2026-03-29T05:00"),
        ("22:00-01:30", LISBON, "2026-03-28T23:00", "2026-03-28T22:00", "2026-03-29T01:00"),
        ("00:30-01:30", LONDON, "2026-03-28T23:00", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("01:30-02:30", LONDON, "2026-03-28T23:00", "2026-03-29T01:00", "2026-03-29T01:30"),
        ("02:30-03:30", NEW_YORK, "2026-03-08T05:00", "2026-03-08T07:00", "2026-03-08T07:30"),
        ("01:30-02:30", SYDNEY, "2026-10-03T14:00", "2026-10-03T15:30", "2026-10-03T16:00"),
        # Within it there is none that night.
        ("01:10-01:50", LONDON, "2026-03-28T23:00", "2026-03-30T00:10", "2026-03-30T00:50"),
        ("02:10-02:50", SYDNEY, "2026-10-03T12:00", "2026-10-04T15:10", "2026-10-04T15:50"),
        # The hour that comes twice: the later begin, the earlier end, and within it the first of the two.
        ("00:30-01:30", LONDON, "2026-10-24T22:00", "2026-10-24T23:30", "2026-10-25T00:30"),
        ("01:30-02:30", LONDON, "2026-10-24T22:00", "2026-10-25T01:30", "2026-10-25T02:30"),
        ("01:30-06:00", NEW_YORK, "2026-11-01T03:00", "2026-11-01T06:30", "2026-11-01T11:00"),
        ("22:00-01:30", NEW_YORK, "2026-11-01T03:00", "2026-11-01T02:00", "2026-11-01T05:30"),
        ("02:10-02:50", SYDNEY, "2026-04-04T12:00", "2026-04-04T15:10", "2026-04-04T15:50"),
        ("22:00-02:30", SYDNEY, "2026-04-04T12:00", "2026-04-04T11:00", "2026-04-04T15:30"),
        # Whole nights of seven and of nine hours.
        ("22:00-06:00", NEW_YORK, "2026-03-08T04:00", "2026-03-08T03:00", "2026-03-08T10:00"),
        ("22:00-06:00", NEW_YORK, "2026-11-01T04:00", "2026-11-01T02:00", "2026-11-01T11:00"),
        ("22:00-06:00", SYDNEY, "2026-10-03T13:00", "2026-10-03T12:00", "2026-10-03T19:00"),
        ("22:00-06:00", SYDNEY, "2026-04-04T13:00", "2026-04-04T11:00", "2026-04-04T20:00"),
    ],
)
def test_a_window_that_meets_a_change_begins_and_ends_within_its_hours(
    window: str, zone: str, now: str, begin: str, end: str
) -> None:
    assert next_window(window=window, zone=zone, at=utc(now)) == (utc(begin), utc(end))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_every_minute_of_a_window_is_within_its_hours_on_the_clock(zone: str, day: date, window: str) -> None:
    opens, closes = times_of(window=window)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    found = []
    while at < datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=2):
        begin, end = next_window(window=window, zone=zone, at=at)
        assert at < end
        assert begin < end
        minute = begin
        while minute < end:
            shown = minute.astimezone(ZoneInfo(zone)).time()
            within = opens <= shown < closes if opens < closes else shown >= opens or shown < closes
            assert within, (window, minute)
            minute += timedelta(minutes=10)
        found.append((begin, end))
        at = end
    # None is left out but one that lies in the skipped hour, and no two overlap.
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    assert 3 <= len(found) <= 5


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [(LONDON, "2026-03-28T23:00", 7), (LONDON, "2026-10-24T22:00", 9), (SYDNEY, "2026-04-04T12:00", 9)],
)
def test_a_wave_of_such_a_night_may_be_created_until_its_window_ends_and_no_longer(
    zone: str, now: str, hours: int
) -> None:
    settings = over(said=PolicySettings(schedule_window="22:00-06:00"), base=BUILT_IN)
    begin, _ = next_window(window="22:00-06:00", zone=zone, at=utc(now))
    window = window_of(settings=settings, wanted=(None, None), zone=zone, whose="it", now=utc(now))
    assert window == (None, begin + timedelta(hours=hours))
    policy = wave_policy(settings=settings, window=window)
    end = begin + timedelta(hours=hours)
    # The same instants, as any session of a database gives them.
    for place in (UTC, ZoneInfo(zone), timezone(timedelta(hours=14))):
        assert not window_is_over(policy=policy, now=(end - timedelta(seconds=1)).astimezone(place))
        assert window_is_over(policy=policy, now=end.astimezone(place))
    assert task_params(policy=policy, is_dry_run=False, sent_until=utc(now)) == {
        "schedule_window_end": end.isoformat()
    }


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("place", ["zone", "UTC"])
def test_four_days_ahead_are_96_hours_across_a_change_too(zone: str, day: date, place: str) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    kraken = KrakenSettings(base_url="https://kraken.test", token="t")
    for late, is_refused in ((timedelta(0), False), (timedelta(seconds=1), True)):
        end = now + timedelta(hours=96) + late
        policy = Policy(schedule_window_end=end.astimezone(ZoneInfo(zone)))
        clock = now.astimezone(ZoneInfo(zone)) if place == "zone" else now
        if is_refused:
            with pytest.raises(BadRequest, match="more than four days ahead"):
                check_policy(policy=policy, kraken=kraken, connection_id="kraken", now=clock)
        else:
            check_policy(policy=policy, kraken=kraken, connection_id="kraken", now=clock)


@pytest.mark.parametrize(
    ("dialect", "began", "day"),
    [
        # 20:00 there, which is the next day in UTC in America, and the same day's morning in Australia.
        ("national_grid_accounts", "2026-03-08T00:00", date(2026, 3, 7)),
        ("national_grid_accounts", "2026-03-09T00:00", date(2026, 3, 8)),
        ("national_grid_accounts", "2026-11-02T01:00", date(2026, 11, 1)),
        ("essential_supply_points_cdns", "2026-04-05T10:00", date(2026, 4, 5)),
        ("essential_supply_points_cdns", "2026-10-04T09:00", date(2026, 10, 4)),
        # Around midnight there.
        ("essential_supply_points_cdns", "2026-10-03T13:59", date(2026, 10, 3)),
        ("essential_supply_points_cdns", "2026-10-03T14:00", date(2026, 10, 4)),
        ("essential_supply_points_cdns", "2026-10-04T12:59", date(2026, 10, 4)),
        ("essential_supply_points_cdns", "2026-10-04T13:00", date(2026, 10, 5)),
        ("edf_accounts", "2026-03-29T22:59", date(2026, 3, 29)),
        ("edf_accounts", "2026-03-29T23:00", date(2026, 3, 30)),
        ("edf_accounts", "2026-10-25T23:59", date(2026, 10, 25)),
        ("plenitude_accounts", "2026-10-24T23:00", date(2026, 10, 25)),
        # Both of the hours that come twice are of the one day.
        ("edf_accounts", "2026-10-25T00:30", date(2026, 10, 25)),
        ("edf_accounts", "2026-10-25T01:30", date(2026, 10, 25)),
    ],
)
def test_a_night_has_the_date_that_its_customers_have(dialect: str, began: str, day: date) -> None:
    run = AirflowRun(dag_id="migrate", run_id="r", run_type="scheduled", logical_date=utc(began))
    assert day_of(dialect=get_dialect(name=dialect), run=run) == day


@pytest.mark.parametrize(
    ("schedule", "zone", "day", "planned_at", "night"),
    [
        # The second of two such times, as Airflow has it; one that is skipped begins as long after midnight.
        ("30 1 * * *", LONDON, date(2026, 10, 25), "2026-09-01T00:00", "2026-10-25T01:30"),
        ("0 2 * * *", SYDNEY, date(2026, 4, 5), "2026-03-01T00:00", "2026-04-04T16:00"),
        ("30 1 * * *", LISBON, date(2026, 3, 29), "2026-03-01T00:00", "2026-03-29T01:30"),
        ("30 2 * * *", NEW_YORK, date(2026, 3, 8), "2026-03-01T00:00", "2026-03-08T07:30"),
        # A cohort that was planned in between is of the night that begins in a moment.
        ("30 1 * * *", LONDON, date(2026, 10, 24), "2026-10-25T00:45", "2026-10-25T01:30"),
        ("30 1 * * *", LONDON, date(2026, 10, 24), "2026-10-25T01:31", "2026-10-26T01:30"),
    ],
)
def test_the_night_of_a_cohort_begins_when_airflow_begins_it(
    schedule: str, zone: str, day: date, planned_at: str, night: str
) -> None:
    due = DueCohort(name="c", dialect="edf_accounts", wave_date=day, planned_at=utc(planned_at), customers=1)
    assert night_of(cohort=due, schedule=schedule, zone=ZoneInfo(zone)).astimezone(UTC) == utc(night)


@pytest.mark.parametrize("place", ["UTC", LONDON, SYDNEY])
def test_sentences_tell_both_of_the_hours_that_come_twice_apart(place: str) -> None:
    first, second = (utc(f"2026-10-25T{hour}:30").astimezone(ZoneInfo(place)) for hour in ("00", "01"))
    assert (in_utc(at=first), in_utc(at=second)) == ("2026-10-25 00:30 UTC", "2026-10-25 01:30 UTC")
