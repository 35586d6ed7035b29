"""How fast a wave works, from minutes in which records ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.board import Pace
from kraken_import.usecases.pace import in_words, rate_of

BEGIN = datetime(2026, 11, 1, 20, tzinfo=UTC)


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def pace(*, records: int, minutes: int, last: int, latest: tuple[int, int, int]) -> Pace:
    return Pace(
        wave_id=1,
        records=records,
        minutes=minutes,
        first=BEGIN,
        last=minute(last),
        latest_records=latest[0],
        latest_minutes=latest[1],
        latest_first=minute(latest[2]),
    )


def test_the_present_rate_is_that_of_the_last_minutes_and_tells_how_long_the_rest_takes() -> None:
    found = rate_of(
        pace=pace(records=9_000, minutes=60, last=59, latest=(600, 5, 55)),
        states={State.VALID: 200, State.CREATED: 40, State.PROCESSED: 9_000, State.PARKED: 7},
        since=BEGIN,
        until=minute(60),
        is_under_way=True,
    )
    assert (found.a_second, found.is_present) == (2.0, True)
    assert found.left == timedelta(seconds=120)


def test_a_minute_that_has_just_begun_does_not_make_a_wave_slow() -> None:
    found = rate_of(
        pace=pace(records=30, minutes=1, last=0, latest=(30, 1, 0)),
        states={State.PROCESSED: 30},
        since=minute(0.25),
        until=minute(0.5),
        is_under_way=True,
    )
    assert found.a_second == 2.0
    assert found.left is None


def test_hours_in_which_a_wave_waited_for_people_do_not_count() -> None:
    found = rate_of(
        pace=pace(records=1_200, minutes=10, last=300, latest=(60, 5, 296)),
        states={State.PROCESSED: 1_200, State.VALID: 600},
        since=minute(-240),
        until=minute(500),
        is_under_way=True,
    )
    assert (found.a_second, found.is_present, found.left) == (2.0, False, None)


def test_a_duration_is_said_as_people_say_it() -> None:
    assert [in_words(left=timedelta(seconds=each)) for each in (5, 119, 300, 7_140, 9_000)] == [
        "5 s",
        "119 s",
        "5 minutes",
        "119 minutes",
        "2 h 30 min",
    ]
