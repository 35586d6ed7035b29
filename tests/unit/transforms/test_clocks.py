"""Local times on the days when clocks change, in the zone of every dialect: none is guessed in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from transforms.clean import Problem, clean_column
from transforms.clocks import instants
from transforms.dialect import Column
from transforms.registry import dialect_names, get_dialect

CHANGES = {
    "Europe/London": ("2026-03-29T01", "2026-10-25T01"),
    "Europe/Lisbon": ("2026-03-29T01", "2026-10-25T01"),
    "America/New_York": ("2026-03-08T02", "2026-11-01T01"),
    "Australia/Sydney": ("2026-10-04T02", "2026-04-05T02"),
}
"""By zone the hour that never comes and the hour that comes twice."""


def cleaned(text: str, zone: str) -> str | Problem:
    column = Column(name="made_at", kind="timestamp", meaning="m")
    ((value,), problems) = clean_column(column=column, values=[text], decimals=None, zone=ZoneInfo(zone))
    return problems.get(0, value)


def test_the_changes_of_every_dialects_zone_are_known_here() -> None:
    assert {get_dialect(name=name).zone for name in dialect_names()} == set(CHANGES)


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("minute", ["00:00", "30:00", "59:59"])
def test_a_legacy_time_that_never_was_or_was_twice_is_sent_with_a_warning(zone: str, minute: str) -> None:
    """Kraken would take the customer, and no source says which of the two is meant."""
    skipped, repeated = (f"{hour}:{minute}" for hour in CHANGES[zone])
    for text, says in ((skipped, "skip: it is sent as of before"), (repeated, "show twice: the first")):
        problem = cleaned(text, zone)
        assert isinstance(problem, Problem)
        assert (problem.code, problem.severity) == ("ambiguous_time", "warning")
        assert f"Column made_at holds a time that clocks in {zone} {says}" in problem.detail
        first = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=0)
        assert problem.value in (first.isoformat(), first.isoformat().replace("+00:00", "Z"))


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("which", [0, 1])
def test_the_same_time_with_an_offset_is_sent_as_it_is(zone: str, which: int) -> None:
    text = f"{CHANGES[zone][which]}:30:00+10:00"
    assert cleaned(text, zone) == text


@pytest.mark.parametrize(
    ("text", "zone", "sent"),
    [
        ("2026-03-29T00:59:59", "Europe/London", "2026-03-29T00:59:59Z"),
        ("2026-03-29T02:00:00", "Europe/London", "2026-03-29T02:00:00+01:00"),
        ("2026-10-25T00:59:59", "Europe/Lisbon", "2026-10-25T00:59:59+01:00"),
        ("2026-10-25T02:00:00", "Europe/Lisbon", "2026-10-25T02:00:00Z"),
        ("2026-03-08T01:59:59", "America/New_York", "2026-03-08T01:59:59-05:00"),
        ("2026-03-08T03:00:00", "America/New_York", "2026-03-08T03:00:00-04:00"),
        ("2026-11-01T00:59:59", "America/New_York", "2026-11-01T00:59:59-04:00"),
        ("2026-11-01T02:00:00", "America/New_York", "2026-11-01T02:00:00-05:00"),
        ("2026-04-05T01:59:59", "Australia/Sydney", "2026-04-05T01:59:59+11:00"),
        ("2026-04-05T03:00:00", "Australia/Sydney", "2026-04-05T03:00:00+10:00"),
        ("2026-10-04T01:59:59", "Australia/Sydney", "2026-10-04T01:59:59+10:00"),
        ("2026-10-04T03:00:00", "Australia/Sydney", "2026-10-04T03:00:00+11:00"),
        # A zone without summer time, which a Connection may name, skips and repeats nothing.
        ("2026-10-04T02:30:00", "Australia/Brisbane", "2026-10-04T02:30:00+10:00"),
        ("2026-04-05T02:30:00", "Australia/Brisbane", "2026-04-05T02:30:00+10:00"),
    ],
)
def test_the_last_time_before_a_change_and_the_first_after_it_have_their_own_offsets(
    text: str, zone: str, sent: str
) -> None:
    assert cleaned(text, zone) == sent


@pytest.mark.parametrize(
    ("wall", "zone", "first", "last"),
    [
        ("2026-12-01T22:00", "Europe/London", "2026-12-01T22:00", "2026-12-01T22:00"),
        ("2026-10-25T01:00", "Europe/London", "2026-10-25T00:00", "2026-10-25T01:00"),
        ("2026-10-25T01:59", "Europe/London", "2026-10-25T00:59", "2026-10-25T01:59"),
        ("2026-10-25T02:00", "Europe/London", "2026-10-25T02:00", "2026-10-25T02:00"),
        # Whatever is skipped is passed at the moment of the change.
        ("2026-03-29T01:00", "Europe/London", "2026-03-29T01:00", "2026-03-29T01:00"),
        ("2026-03-29T01:59", "Europe/London", "2026-03-29T01:00", "2026-03-29T01:00"),
        ("2026-10-04T02:30", "Australia/Sydney", "2026-10-03T16:00", "2026-10-03T16:00"),
        ("2026-03-08T02:15", "America/New_York", "2026-03-08T07:00", "2026-03-08T07:00"),
        # Half an hour is enough.
        ("2026-10-04T02:10", "Australia/Lord_Howe", "2026-10-03T15:30", "2026-10-03T15:30"),
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45", "2026-04-04T15:15"),
    ],
)
def test_a_time_of_the_clock_is_one_instant_or_two(wall: str, zone: str, first: str, last: str) -> None:
    found = instants(wall=datetime.fromisoformat(wall), zone=ZoneInfo(zone))
    assert found == tuple(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, last))
