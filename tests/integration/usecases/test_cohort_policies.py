"""The policy of a cohort: resolved when it is planned, kept by its night, never made looser."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import BUILT_IN, PolicySettings, over
from kraken_import.usecases.faults import BadRequest
from tests.integration.conftest import Journey
from tests.integration.usecases.test_cohorts import (
    FIRST,
    NOW,
    SECOND,
    THIRD,
    customers,
    in_wave,
    night,
    write,
)


def test_a_night_keeps_to_the_policy_that_its_cohort_was_planned_with(journey: Journey) -> None:
    floor = {"edf_accounts": PolicySettings(approval="required", threshold=Decimal("0.02"))}
    strict = journey.with_settings(policies=floor)
    planned = write(strict, "first", wave_date=FIRST, size=2, four_eyes=True, planned_by="alice")
    assert planned.policy == over(
        said=PolicySettings(mode=Mode.LIVE, four_eyes=True),
        base=over(said=floor["edf_accounts"], base=BUILT_IN),
    )
    (kept,) = journey.rows("SELECT policy, planned_by FROM migration.cohort")
    assert kept["planned_by"] == "alice"
    assert "mode" not in kept["policy"]
    # The Connection may say what it likes by the time the night has come.
    planned_wave = night(journey.with_settings(policies={}), FIRST)
    (wave,) = journey.rows(
        "SELECT approval, four_eyes, failure_threshold, requested_by FROM migration.wave WHERE id = :id",
        id=planned_wave.wave_id,
    )
    assert tuple(wave.values()) == ("required", True, Decimal("0.02"), "alice")


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_a_night_takes_no_policy_from_its_form(journey: Journey, run_type: str) -> None:
    write(journey, "first", wave_date=FIRST)
    for wanted in ({"threshold": Decimal(0)}, {"approval": "required"}, {"schedule_window_end": NOW}):
        with pytest.raises(
            BadRequest, match=f"keeps to the policy of its cohorts: leave {next(iter(wanted))} empty"
        ):
            night(journey, FIRST, run_type=run_type, **wanted)
    assert journey.rows("SELECT 1 FROM migration.wave") == []


def test_cohorts_of_one_night_have_one_policy_and_missed_ones_of_another_wait(journey: Journey) -> None:
    write(journey, "first", wave_date=FIRST, size=2)
    write(journey, "second", wave_date=SECOND, size=2, approval="required", threshold=Decimal("0.05"))
    with pytest.raises(
        BadRequest, match=r"'second' of 2026-11-11 has another policy.* same approval, threshold"
    ):
        write(journey, "third", wave_date=SECOND, size=2)
    write(journey, "third", wave_date=SECOND, size=2, approval="required", threshold=Decimal("0.050"))
    first, second = night(journey, SECOND), night(journey, THIRD)
    assert in_wave(journey, first.wave_id) == customers(journey, "first")
    assert second.claimed == 4
    # Waves without a name are called after their cohorts, where that name is free.
    names = journey.rows("SELECT name FROM migration.wave ORDER BY id")
    assert [row["name"] for row in names] == ["first", "second and 1 more"]
    journey.plan(limit=1, name="fourth")
    write(journey, "fourth", wave_date=FIRST, size=1)
    night(journey, FIRST)
    (latest,) = journey.rows("SELECT name, run_id FROM migration.wave ORDER BY id DESC LIMIT 1")
    assert latest["name"] == latest["run_id"]


def test_a_run_that_names_a_cohort_may_only_be_stricter_than_its_policy(journey: Journey) -> None:
    write(journey, "pilot", size=2, approval="required", threshold=Decimal("0.05"))
    for wanted, sentence in (
        (
            {"threshold": Decimal("0.2")},
            "threshold 0.2 is looser than the 0.05 of the policy of cohort 'pilot'",
        ),
        ({"approval": "unattended"}, "approval unattended is looser than the required"),
        ({"error_share": Decimal("0.6")}, "error_share 0.6 is looser than the 0.5"),
    ):
        with pytest.raises(BadRequest, match=sentence):
            journey.plan(cohort="pilot", **wanted)
    wave_id = journey.plan(cohort="pilot", threshold=Decimal("0.01")).wave_id
    (wave,) = journey.rows(
        "SELECT approval, failure_threshold FROM migration.wave WHERE id = :id", id=wave_id
    )
    assert tuple(wave.values()) == ("required", Decimal("0.01"))


def test_a_cohort_may_only_be_stricter_than_the_policy_of_the_connection(journey: Journey) -> None:
    strict = journey.with_settings(policies={"edf_accounts": PolicySettings(approval="required")})
    with pytest.raises(BadRequest, match="Connection 'kraken' for edf_accounts"):
        write(strict, "loose", approval="unattended")
    with pytest.raises(BadRequest, match="Connection 'kraken' for edf_accounts"):
        strict.plan(limit=2, approval="unattended")
    with pytest.raises(BadRequest, match="Four eyes need a question"):
        write(journey, "alone", four_eyes=True)


def test_a_daily_window_is_that_of_the_hour_in_which_the_wave_is_planned(journey: Journey) -> None:
    write(journey, "open", size=2, schedule_window="00:00-23:59")
    wave_id = journey.plan(cohort="open").wave_id
    (wave,) = journey.rows(
        "SELECT schedule_window_start, schedule_window_end FROM migration.wave WHERE id = :id", id=wave_id
    )
    assert wave["schedule_window_end"] > datetime.now(UTC)
