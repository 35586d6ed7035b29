"""A distant Kraken: the next chunk is under way while one is recorded, and stays as safe as the first."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy.exc import OperationalError

from kraken_import.domain.orders import Order
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import Retryable, SystemicFault
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import creating_process

AT_ONCE: Final = 8
SECONDS: Final = 0.1
"""How long a create takes."""
FIRST: Final = 230
"""Records of the first batch: as many as the budget wants answered before chunks are full."""
MOST: Final = 128
"""Intents that may be without an outcome at any time."""


@pytest.fixture
def distant(begin: BeginJourney) -> tuple[Journey, int]:
    """A valid wave of two batches, the first of them created, before a Kraken that becomes slow to answer."""
    journey = begin("--recreate-after-error", "accept", customers=2 * FIRST).with_settings(
        requests_in_flight=AT_ONCE, visibility_window=5, request_timeout=2
    )
    wave_id = journey.valid_wave(limit=2 * FIRST, batch_size=FIRST, error_count=20)
    journey.build(wave_id, 1)
    journey.validate(wave_id, 1)
    journey.create(wave_id, 0)
    journey.strike(kind="slow", operation="create", seconds=SECONDS)
    return journey, wave_id


@contextmanager
def creating(journey: Journey, wave_id: int, *, created: int) -> Iterator[Future[Any]]:
    """A worker that has created so many of the second batch, and goes on."""
    before = len(journey.created())
    with ThreadPoolExecutor() as workers:
        running = workers.submit(journey.create, wave_id, 1)
        deadline = time.monotonic() + 30
        while len(journey.created()) < before + created and time.monotonic() < deadline:
            time.sleep(0.02)
        yield running


def under_way(journey: Journey, wave_id: int) -> list[int]:
    """How many intents were without an outcome after each transaction that changed it."""
    rows = journey.rows(
        "SELECT occurred_at, sum((to_state = 'creating')::int - (from_state = 'creating')::int) AS more"
        " FROM migration.import_event AS event"
        " JOIN migration.import_process AS process ON process.id = event.import_process_id"
        " WHERE event.wave_id = :id AND process.batch = 1 AND 'creating' IN (from_state, to_state)"
        " GROUP BY occurred_at ORDER BY occurred_at",
        id=wave_id,
    )
    found, now = [], 0
    for row in rows:
        now += row["more"]
        found.append(now)
    return found


def finish(journey: Journey, wave_id: int) -> None:
    """End the wave as retries of its tasks would, and see that nothing was lost or doubled."""
    journey.heal()
    deadline = time.monotonic() + 30
    while True:
        try:
            journey.create_all(wave_id, 1)
            break
        except Retryable:  # Postgres has not noticed yet that the worker is gone
            assert time.monotonic() < deadline
            time.sleep(0.2)
    for batch in (0, 1):
        journey.poll(wave_id, batch)
    assert set(journey.states(wave_id)) <= {"processed", "errored", "rejected", "invalid"}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0


def test_the_next_chunk_is_sent_while_one_is_recorded_and_no_more_are_at_stake(
    distant: tuple[Journey, int],
) -> None:
    journey, wave_id = distant
    journey.strike(kind="limit_in_flight", most=AT_ONCE)
    assert journey.create(wave_id, 1).held is None
    stakes = under_way(journey, wave_id)
    assert max(stakes) <= MOST
    assert stakes[-1] == 0
    # Once answers are known to take long, the next intents are there before a chunk is recorded.
    assert len(stakes) >= 6
    assert stakes[:-1].count(0) == 1
    resent = journey.rows(
        "SELECT 1 FROM migration.import_event WHERE from_state = 'creating' AND to_state = 'valid'"
    )
    assert not resent
    finish(journey, wave_id)


def test_what_is_under_way_of_two_chunks_is_looked_up_after_a_kill(distant: tuple[Journey, int]) -> None:
    journey, wave_id = distant
    before = len(journey.created())
    worker = creating_process(journey, BatchRef(wave_id=wave_id, batch=1), requests_in_flight=AT_ONCE)
    deadline = time.monotonic() + 30
    while len(journey.created()) < before + 100 and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert 0 < journey.states(wave_id)["creating"] <= MOST
    finish(journey, wave_id)


def test_a_pause_holds_the_chunk_that_was_intended_ahead(distant: tuple[Journey, int]) -> None:
    journey, wave_id = distant
    with creating(journey, wave_id, created=80) as running:
        order = Order(by="alice", reason="The hotline is full.", at=datetime.now(UTC))
        control_wave(tracking=journey.tracking, wave=str(wave_id), action="pause", order=order)
        ordered = len(journey.created())
        outcome = running.result(timeout=10)
    assert outcome.held.why == "paused"
    # A second, and what was under way.
    assert len(journey.created()) <= ordered + 1.5 * AT_ONCE / SECONDS + AT_ONCE
    assert "creating" not in journey.states(wave_id)
    assert journey.states(wave_id)["valid"] > 0
    order = Order(by="alice", reason=None, at=datetime.now(UTC))
    control_wave(tracking=journey.tracking, wave=str(wave_id), action="resume", order=order)
    finish(journey, wave_id)


def test_a_budget_that_one_chunk_uses_up_holds_the_chunk_behind_it(distant: tuple[Journey, int]) -> None:
    journey, wave_id = distant
    with creating(journey, wave_id, created=80) as running:
        refused_from = journey.seen("create")
        journey.strike(kind="error", operation="create", status=400)
        with pytest.raises(SystemicFault, match="Kraken refused"):
            running.result(timeout=30)
    # Those that are proof enough, and what was under way behind them.
    assert journey.seen("create") - refused_from <= MOST
    states = journey.states(wave_id)
    assert "creating" not in states
    assert states["valid"] > 0
    # What left of the chunk behind it is recorded: each create that was refused has its outcome.
    assert states["invalid"] >= journey.seen("create") - refused_from - AT_ONCE


def test_an_answer_that_forbids_all_lets_nothing_of_the_next_chunk_leave(
    distant: tuple[Journey, int],
) -> None:
    journey, wave_id = distant
    with creating(journey, wave_id, created=80) as running:
        journey.strike(kind="supplier_paused", operation="create")
        struck = journey.seen("create")
        with pytest.raises(SystemicFault, match="paused"):
            running.result(timeout=10)
    assert journey.seen("create") - struck <= 3 * AT_ONCE
    assert "creating" not in journey.states(wave_id)


def test_a_worker_that_loses_its_lock_breaks_off_what_it_has_ahead(distant: tuple[Journey, int]) -> None:
    journey, wave_id = distant
    with creating(journey, wave_id, created=80) as running:
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(OperationalError):
            running.result(timeout=10)
        sent = journey.seen("create")
        time.sleep(0.5)
        assert journey.seen("create") == sent
    assert 0 < journey.states(wave_id)["creating"] <= MOST
    finish(journey, wave_id)


def test_validations_ahead_are_asked_again_where_a_budget_broke_them_off(begin: BeginJourney) -> None:
    journey = begin(customers=200).with_settings(requests_in_flight=4)
    planned = journey.plan(error_share=Decimal("0.2"), error_window=25)
    journey.build(planned.wave_id)
    journey.strike(kind="error", operation="validate", status=400)
    with pytest.raises(SystemicFault, match=r"refused \d+ of the last \d+ validated records"):
        journey.validate(planned.wave_id)
    asked = journey.seen("validate")
    states = journey.states(planned.wave_id)
    # One chunk was recorded, and at most one was asked about behind it.
    assert states["invalid"] <= 32
    assert asked <= 64
    journey.heal()
    journey.plan_run(run_id="run-1")
    journey.build(planned.wave_id)
    assert journey.validate(planned.wave_id).counts["valid"] > 150
