"""What people are told between runs: when, how often, and in which words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kraken_import.tracking.outages import Outage
from kraken_import.tracking.watch import DueCohort, ParkedRecords, Told
from kraken_import.usecases import announce, watch

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISBON, SYDNEY = ZoneInfo("Europe/Lisbon"), ZoneInfo("Australia/Sydney")


def cohort(name: str = "leeds-1", **changes: Any) -> DueCohort:
    given = {"wave_date": date(2026, 11, 20), "planned_at": NOW - timedelta(days=9), "customers": 500}
    return DueCohort(**({"name": name, "dialect": "edf_accounts"} | given | changes))


def outage(**changes: Any) -> Outage:
    return Outage(
        **{
            "id": 1,
            "target_kraken": "https://kraken:443",
            "is_silent": True,
            "began_at": NOW - timedelta(minutes=10),
            "next_try_at": NOW,
            "gives_up_at": NOW + timedelta(minutes=20),
            "tries": 9,
            "seen_at": NOW,
        }
        | changes
    )


def test_an_outage_is_under_way_while_something_waits_for_its_end() -> None:
    assert outage().is_under_way
    assert not outage(ended_at=NOW).is_under_way
    assert not outage(seen_at=NOW + timedelta(minutes=5)).is_under_way
    given_up = outage(next_try_at=NOW + timedelta(minutes=21), seen_at=NOW + timedelta(minutes=20))
    assert not given_up.is_under_way
    assert (given_up.was_given_up, outage(ended_at=NOW).was_given_up) == (True, False)


@pytest.mark.parametrize(
    ("changes", "schedule", "zone", "night"),
    [
        ({}, "0 20 * * *", LISBON, datetime(2026, 11, 20, 20, tzinfo=LISBON)),
        ({}, "0 20 * * *", SYDNEY, datetime(2026, 11, 20, 20, tzinfo=SYDNEY)),
        ({}, "0 0 * * *", LISBON, datetime(2026, 11, 20, 0, tzinfo=LISBON)),
        # Only on Sundays, and only once it was planned: the 22nd is the first.
        ({}, "0 20 * * 0", LISBON, datetime(2026, 11, 22, 20, tzinfo=LISBON)),
        (
            {"planned_at": datetime(2026, 11, 20, 22, tzinfo=UTC)},
            "0 20 * * *",
            LISBON,
            datetime(2026, 11, 21, 20, tzinfo=LISBON),
        ),
        # The clock goes forward in that night.
        (
            {"wave_date": date(2026, 3, 29), "planned_at": datetime(2026, 3, 1, tzinfo=UTC)},
            "0 20 * * *",
            LISBON,
            datetime(2026, 3, 29, 19, tzinfo=UTC),
        ),
    ],
)
def test_the_night_of_a_cohort_is_the_first_that_could_take_it(
    changes: dict[str, Any], schedule: str, zone: ZoneInfo, night: datetime
) -> None:
    assert watch.night_of(cohort=cohort(**changes), schedule=schedule, zone=zone) == night


@pytest.mark.parametrize(
    ("told", "amount", "is_told"),
    [
        (None, 1, True),
        (Told(amount=10, told_at=NOW - timedelta(minutes=10)), 10, False),
        (Told(amount=10, told_at=NOW - timedelta(minutes=10)), 19, False),
        (Told(amount=10, told_at=NOW - timedelta(minutes=10)), 20, True),
        (Told(amount=10, told_at=NOW - timedelta(days=1)), 3, True),
    ],
)
def test_people_are_told_again_after_a_day_or_when_it_has_doubled(
    told: Told | None, amount: int, is_told: bool
) -> None:
    assert watch.has_grown(told=told, amount=amount, now=NOW) is is_told


@pytest.mark.parametrize(
    ("health", "silence"),
    [
        ({"triggerer": {"latest_triggerer_heartbeat": "2026-11-21T11:59:30+00:00"}}, None),
        (
            {"triggerer": {"latest_triggerer_heartbeat": "2026-11-21T11:40:00+00:00"}},
            watch.Silence(lasted=timedelta(minutes=20)),
        ),
        ({"triggerer": {"latest_triggerer_heartbeat": None}}, watch.Silence(lasted=None)),
        ({"triggerer": None}, watch.Silence(lasted=None)),
    ],
)
def test_a_triggerer_is_silent_two_minutes_after_its_last_heartbeat(
    health: dict[str, Any], silence: watch.Silence | None
) -> None:
    assert watch.triggerer_silence(health=health, now=NOW) == silence


@pytest.mark.parametrize(
    ("announcement", "text", "counts"),
    [
        (
            announce.plan_failed(what="A wave", dialect="edf_accounts", failure="No customer is left."),
            "A wave of edf_accounts could not be planned, so none of it was sent: No customer is left.",
            {},
        ),
        (
            announce.rerun_ended(
                rerun=3,
                dialect="edf_accounts",
                mode="live",
                counts={"mended": 14, "left": 2, "parked": 0},
                failure=None,
            ),
            "Rerun 3 of edf_accounts ended with 14 of 16 records through and 2 left.",
            {"mended": 14, "left": 2, "parked": 0},
        ),
        (
            announce.rerun_ended(
                rerun=3,
                dialect="edf_accounts",
                mode="live",
                counts={"mended": 0, "left": 1_000, "parked": 3},
                failure="Rerun 3 was stopped.",
            ),
            "Rerun 3 of edf_accounts ended badly, with 0 of 1,000 records through and 1,000 left (3 parked): "
            "Rerun 3 was stopped.",
            {"mended": 0, "left": 1_000, "parked": 3},
        ),
        (
            announce.differences_found(
                connection_id="kraken", differences={"unknown_here": 2_000, "missing_at_kraken": 1}
            ),
            "2,001 differences are open after reconciliation over Connection 'kraken' (missing_at_kraken 1, "
            "unknown_here 2,000): `kraken-migrate differences` lists them, and each needs an owner.",
            {"unknown_here": 2_000, "missing_at_kraken": 1},
        ),
        (
            announce.open_too_long(
                connection_id="kraken", records=12, since=NOW - timedelta(hours=50), hours=24, now=NOW
            ),
            "12 records have been open at Kraken over Connection 'kraken' for more than 24 hours, the oldest "
            "for 50 hours: ask Kraken what has become of them.",
            {"open": 12, "oldest_hours": 50},
        ),
        (
            announce.parked_records(connection_id="kraken", found=ParkedRecords(records=3, waves=2)),
            "3 records are parked in 2 waves that went over Connection 'kraken': no answer of Kraken's "
            "proves what became of them, so decide (kraken-migrate record decide, or action decide of "
            "control_wave), or rerun them.",
            {"parked": 3, "waves": 2},
        ),
        (
            announce.outage_begun(outage=outage()),
            "Kraken at https://kraken:443 has not answered since 11:50 UTC: have it looked at; its waves "
            "wait until 12:20 UTC, go on by themselves once it answers, and are stopped otherwise.",
            {"minutes": 10, "tries": 9},
        ),
        (
            announce.outage_over(outage=outage(ended_at=NOW)),
            "Kraken at https://kraken:443 answers again after 10 minutes, and its waves go on by themselves.",
            {"minutes": 10, "tries": 9},
        ),
        (
            announce.outage_over(outage=outage(seen_at=NOW + timedelta(hours=1))),
            "Kraken at https://kraken:443, silent since 11:50 UTC, was given up at 12:20 UTC: check the host "
            "and the network, then clear the runs that were stopped to go on.",
            {"minutes": 70, "tries": 9},
        ),
        (
            announce.outage_over(outage=outage(seen_at=NOW + timedelta(minutes=10))),
            "Nothing waits any more for Kraken at https://kraken:443, which did not answer from 11:50 UTC "
            "on: whether it answers again is not known.",
            {"minutes": 20, "tries": 9},
        ),
        (
            announce.cohorts_overdue(
                dialect="edf_accounts",
                cohorts=[cohort()],
                night=datetime(2026, 11, 20, 20, tzinfo=ZoneInfo("Europe/London")),
            ),
            "Cohort 'leeds-1' of edf_accounts was due from 2026-11-20 20:00 GMT and no run has taken it: "
            "check whether the DAG migrate_edf_accounts is paused or its last run failed, or trigger it with "
            "the cohort's name.",
            {"cohorts": 1, "customers": 500},
        ),
        (
            announce.cohorts_overdue(
                dialect="edf_accounts", cohorts=[cohort(str(number)) for number in range(5)], night=NOW
            ),
            "Cohorts '0', '1', '2' and 2 more of edf_accounts were due from 2026-11-21 12:00 UTC and no run "
            "has taken them: check whether the DAG migrate_edf_accounts is paused or its last run failed, or "
            "trigger it with the cohort's name.",
            {"cohorts": 5, "customers": 2_500},
        ),
        (
            announce.triggerer_silent(silence=timedelta(minutes=20)),
            "Airflow's triggerer has been silent for 20 minutes, so waves that wait for Kraken, a person or "
            "a pause do not go on, while their tasks look deferred: start the triggerer; nothing needs to be "
            "cleared.",
            {"silent_minutes": 20},
        ),
        (
            announce.triggerer_silent(silence=None),
            "Airflow's triggerer has never been seen, so waves that wait for Kraken, a person or a pause do "
            "not go on, while their tasks look deferred: start the triggerer; nothing needs to be cleared.",
            {},
        ),
    ],
)
def test_every_message_is_one_sentence_with_its_numbers(
    announcement: announce.Announcement, text: str, counts: dict[str, int]
) -> None:
    assert (announcement.text, announcement.counts) == (text, counts)
    assert announcement.about
    values = announcement.values(link="https://airflow/dags/watch")
    assert (values["sentence"], values["text"]) == (text, f"{text} https://airflow/dags/watch")
    assert announcement.values(link="")["text"] == text
