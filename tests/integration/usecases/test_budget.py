"""Error budgets: a wave stops for what is evident, and a cleared one goes on with what is undone alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.gate import batches_to_load
from tests.integration.conftest import BeginJourney, Journey

ENDS = {"processed", "errored", "rejected", "invalid"}


def load(journey: Journey, wave_id: int) -> None:
    """The tasks of a wave's only batch, from the gate on."""
    for batch in batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC)):
        journey.create(wave_id, batch)
        journey.poll(wave_id, batch)


def test_a_wave_of_few_quick_refusals_and_slow_successes_runs_to_its_end(begin: BeginJourney) -> None:
    journey = begin("--delay", "4", customers=300).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=300)
    journey.strike(kind="failed_validation", operation="create", probability=0.1, seed=3)
    load(journey, wave_id)
    states = journey.states(wave_id)
    assert states["invalid"] > 20
    assert set(states) <= ENDS
    assert journey.rows("SELECT stop_code FROM migration.wave") == [{"stop_code": None}]


def test_a_wave_of_many_refusals_stops_early_and_says_why(begin: BeginJourney) -> None:
    journey = begin(customers=400).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=400, threshold=Decimal(1))
    journey.strike(kind="failed_validation", operation="create", probability=0.6, seed=3)
    with pytest.raises(SystemicFault, match=r"Kraken refused \d+ of the last \d+ creates \(at least") as stop:
        load(journey, wave_id)
    assert re.search(
        r" with 99 % certainty; the budget is 50\.0+ %\): import_process_failed_validation \d+: mend the "
        r"causes, clear the run in Airflow to go on with what is undone, and rerun what was refused\.$",
        stop.value.reason,
    )
