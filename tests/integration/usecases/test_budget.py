"""Error budgets: a wave stops for what is evident, and a cleared one goes on with what is undone alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.gate import batches_to_load
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, rerun, work

ENDS = {"processed", "errored", "rejected", "invalid"}


def load(journey: Journey, wave_id: int) -> None:
    """The tasks of a wave's only batch, from the gate on."""
    for batch in batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC)):
        journey.create(wave_id, batch)
        journey.poll(wave_id, batch)


def test_a_wave_of_few_quick_refusals_and_slow_successes_runs_to_its_end(begin: BeginJourney) -> None:
    journey = begin("--delay", "3", customers=250).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=250)
    journey.strike(kind="failed_validation", operation="create", probability=0.1, seed=3)
    load(journey, wave_id)
    states = journey.states(wave_id)
    assert states["invalid"] > 15
    assert set(states) <= ENDS
    assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": None}]


def test_a_wave_of_many_refusals_stops_early_and_one_clearing_goes_on_with_what_is_undone_alone(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=300).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=300)
    journey.strike(kind="failed_validation", operation="create", probability=0.6, seed=3)
    with pytest.raises(SystemicFault, match=r"Kraken refused \d+ of the last \d+ creates \(at least") as stop:
        load(journey, wave_id)
    assert re.search(
        r" with 99 % certainty; the budget is 50\.0+ %\): import_process_failed_validation \d+: mend the "
        r"causes, clear the run in Airflow to go on with what is undone, and rerun what was refused\.$",
        stop.value.reason,
    )
    journey.poll(wave_id)
    before = journey.states(wave_id)
    refused = journey.rows("SELECT id FROM migration.import_process WHERE state = 'invalid' ORDER BY id")
    assert len(journey.created()) + len(refused) <= 200
    assert before["valid"] > 80

    # Kraken still refuses what it has refused: that is not sent again, and nothing else is left behind.
    journey.heal()
    journey.plan_run(run_id="run-1")
    journey.build(wave_id)
    journey.validate(wave_id)
    load(journey, wave_id)
    assert set(journey.states(wave_id)) <= ENDS
    again = journey.rows(
        "SELECT id, attempt FROM migration.import_process WHERE state = 'invalid' ORDER BY id"
    )
    assert [dict(row) for row in again if row["id"] in {each["id"] for each in refused}] == [
        {"id": row["id"], "attempt": 1} for row in refused
    ]
    assert set(journey.created().values()) == {1}
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert "records failed, more than the threshold of 10.0%" in failure

    # A rerun redoes it once its cause is gone.
    assert rerun(journey, states=("invalid",)).failure is None
    assert journey.states(wave_id)["processed"] > 285
    assert set(journey.created().values()) == {1}


def test_clearing_a_wave_that_was_stopped_at_its_gate_goes_on_without_what_was_refused(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=50)
    wave_id = journey.valid_wave(limit=50, threshold=Decimal("0.02"))
    load(journey, wave_id)
    assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": "threshold"}]
    assert journey.created() == {}
    # A backfill takes them once more, and they are refused once more.
    for run_type, stop_code, records in (("backfill", "threshold", 0), ("manual", None, 48)):
        journey.plan_run(run_id="run-1", run_type=run_type)
        journey.build(wave_id)
        journey.validate(wave_id)
        load(journey, wave_id)
        assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": stop_code}]
        assert len(journey.created()) == records
    assert journey.states(wave_id) == {"processed": 48, "rejected": 2}


def test_a_rerun_is_stopped_by_its_own_failures_its_wave_is_not_and_clearing_it_goes_on(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=250).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=250, error_share=Decimal("0.3"))
    journey.summarise(wave_id)
    journey.strike(kind="failed_validation", operation="create", probability=0.6, seed=3)
    planned = begin_rerun(journey, wave=str(wave_id), states=("valid",))
    with pytest.raises(SystemicFault, match=r"Kraken refused \d+ of the last \d+ creates"):
        work(journey, planned)
    (told,) = journey.rows("SELECT stop_code, finished_at IS NULL AS runs FROM migration.rerun")
    assert dict(told) == {"stop_code": "error_budget", "runs": True}
    assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": None}]
    refused = journey.states(wave_id)["invalid"]
    assert len(journey.created()) + refused < 100

    # Nothing has changed at Kraken for those that it has refused; its other records go on.
    journey.heal()
    ended = work(journey, begin_rerun(journey, wave=str(wave_id), states=("valid",)))
    assert set(ended.counts) <= ENDS
    assert ended.counts["invalid"] >= refused - 10
    attempts = journey.rows("SELECT DISTINCT attempt FROM migration.import_process WHERE state = 'invalid'")
    assert {row["attempt"] for row in attempts} <= {1, 2}
    assert set(journey.created().values()) == {1}


def test_what_ends_badly_after_a_wave_has_finished_does_not_stop_it(journey: Journey) -> None:
    wave_id = journey.valid_wave(error_count=0)
    journey.create(wave_id)
    journey.summarise(wave_id)
    journey.strike(kind="unknown_status", operation="status", status="CANCELLED")
    journey.poll(wave_id)
    assert journey.states(wave_id) == {"cancelled": 5}
    # A stop would hold a rerun that is to mend this, and nothing is left to be created.
    assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": None}]
