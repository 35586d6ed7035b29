"""The scheduled poll: no wave holds up another, and what Kraken says later settles what was parked."""

from __future__ import annotations

import time

import pytest

from kraken_import.usecases.faults import SystemicFault
from tests.integration.conftest import BeginJourney, Journey

HOUR_AGO = (
    "UPDATE migration.import_process SET intended_at = intended_at - interval '1 hour',"
    " created_at = created_at - interval '1 hour', evidence_from = evidence_from - interval '1 hour',"
    " polled_at = NULL"
)


def age(journey: Journey) -> None:
    """Let everything be old enough for the scheduled poll, which asks about what has no task of its own."""
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(HOUR_AGO)


def test_a_wave_of_a_retired_supplier_holds_up_no_later_one(begin: BeginJourney) -> None:
    journey = begin("--supplier", "RETIRED=edf_accounts")
    retired = journey.valid_wave(limit=5, import_supplier="RETIRED")
    journey.create(retired)
    # Others: Kraken takes no account with a reference that it has.
    others = tuple(f"GB-{number:09}" for number in range(6, 11))
    later = journey.valid_wave(limit=None, identifiers=others)
    journey.create(later)
    journey.strike(kind="forbidden", operation="status", suppliers=["RETIRED"])
    age(journey)
    time.sleep(0.5)
    with pytest.raises(SystemicFault, match="403"):
        journey.poll(seconds=3)
    assert journey.states(later) == {"processed": 5}
    assert journey.states(retired) == {"created": 5}


def test_what_was_parked_is_settled_once_kraken_names_an_end(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1)
    wave_id = journey.valid_wave(limit=5)
    journey.create(wave_id)
    journey.strike(kind="forgotten", operation="status", keys=["GB-000000003"])
    journey.poll(wave_id, seconds=20)
    assert journey.states(wave_id) == {"parked": 1, "processed": 4}
    journey.heal()
    age(journey)
    assert journey.poll(seconds=1) == {"open": 0, "ended": 1}
    assert journey.states(wave_id) == {"processed": 5}


def test_what_was_parked_before_it_was_sent_is_not_asked_about(begin: BeginJourney) -> None:
    journey = begin()
    planned = journey.plan(limit=5)
    journey.build(planned.wave_id)
    journey.strike(kind="error", operation="validate", status=500, keys=["GB-000000003"])
    journey.validate(planned.wave_id)
    journey.heal()
    journey.finish(planned.wave_id)
    asked = journey.seen("status")
    age(journey)
    journey.poll(seconds=1)
    assert journey.seen("status") == asked
    assert journey.states(planned.wave_id) == {"parked": 1, "processed": 4}


def test_a_clock_that_was_set_back_proves_nothing_and_holds_nothing_up(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=0.5, request_timeout=1)
    wave_id = journey.valid_wave(limit=5)
    journey.strike(kind="drop_after", operation="create", keys=["GB-000000001"], count=1)
    journey.strike(kind="drop_before", operation="create", keys=["GB-000000002"], count=1)
    journey.strike(kind="invisible", operation="status", seconds=0.4)
    journey.create(wave_id)
    with journey.tracking.begin() as connection:
        # As if these were written by a clock that was an hour fast.
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'creating', intended_at = now() + interval '1 hour',"
            " doubted_at = now() + interval '1 hour', evidence_from = now() + interval '1 hour'"
            " WHERE state = 'created'"
        )
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 5}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0
