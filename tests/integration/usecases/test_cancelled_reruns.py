"""A person who cancels a wave stops its reruns as well, also in the middle of their creates and for good."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from kraken_import.domain.orders import Order
from kraken_import.tracking import reruns
from kraken_import.tracking.waves import stop_wave
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import BadRequest, SystemicFault
from tests.integration.conftest import BeginJourney
from tests.integration.usecases.playing import begin_rerun, create_in_rerun, prepare


def test_a_cancel_in_the_middle_of_a_reruns_creates_stops_them_within_seconds_and_for_good(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=60).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=60)
    stop_wave(
        engine=journey.tracking, wave_id=wave_id, code="error_budget", reason="Budget.", at=datetime.now(UTC)
    )
    planned = begin_rerun(journey, wave="run-1")
    prepare(journey, planned)
    journey.strike(kind="slow", operation="create", seconds=0.5)
    with ThreadPoolExecutor() as workers:
        running = workers.submit(create_in_rerun, journey, planned)
        deadline = time.monotonic() + 20
        while len(journey.created()) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        control_wave(
            tracking=journey.tracking,
            wave="run-1",
            action="cancel",
            order=Order(by="alice", reason=None, at=datetime.now(UTC)),
        )
        cancelled_at = time.monotonic()
        with pytest.raises(SystemicFault, match="cancelled by alice"):
            running.result(timeout=10)
        assert time.monotonic() - cancelled_at < 5
    journey.heal()
    created = len(journey.created())
    assert 4 <= created < 50
    assert "creating" not in journey.states(wave_id)

    # Neither clearing its run nor clearing one task of it creates anything more.
    with pytest.raises(BadRequest, match="cancelled by alice"):
        begin_rerun(journey, wave="run-1")
    with journey.tracking.begin() as connection:
        reruns.reopen(connection=connection, rerun=planned.rerun, at=datetime.now(UTC))
    with pytest.raises(SystemicFault, match="cancelled by alice"):
        create_in_rerun(journey, planned)
    assert len(journey.created()) == created
    assert journey.refused() == 0
