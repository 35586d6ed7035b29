"""A Kraken that does not answer is waited for without a worker, one try at a time, and then given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from kraken_import.tracking import outages
from kraken_import.tracking.outages import Outage
from kraken_import.usecases.faults import SystemicFault
from tests.integration.conftest import BeginJourney, Journey

KRAKEN = "https://kraken.test:443"


def brisk(journey: Journey) -> Journey:
    return journey.with_settings(visibility_window=0.5, request_timeout=1, connect_timeout=1)


def meet(engine: Engine, *, patience: float = 1800) -> Outage:
    return outages.meet(
        engine=engine, target_kraken=KRAKEN, is_silent=True, patience=timedelta(seconds=patience)
    )


def back(engine: Engine, **columns: str) -> None:
    """Put times of the outage back, as if it had begun or been tried so long ago."""
    changes = ", ".join(f"{name} = {name} - interval '{age}'" for name, age in columns.items())
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE migration.outage SET {changes} WHERE ended_at IS NULL")


@pytest.mark.proof
def test_256_creates_in_a_row_that_answer_502_stop_nothing(begin: BeginJourney) -> None:
    journey = brisk(begin(customers=300))
    wave_id = journey.valid_wave(limit=300)
    valid = journey.states(wave_id)["valid"]
    journey.strike(kind="error", operation="create", status=502, count=256)
    outcome = journey.finish(wave_id, seconds=90)
    assert outcome.held is None
    states = journey.states(wave_id)
    assert states["processed"] + states.get("errored", 0) == valid
    assert "parked" not in states
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0
    (told,) = journey.rows("SELECT is_silent, ended_at FROM migration.outage")
    assert told["is_silent"] is False
    assert told["ended_at"] is not None


def test_a_batch_that_begins_in_an_outage_sends_nothing(begin: BeginJourney) -> None:
    journey = brisk(begin())
    wave_id = journey.valid_wave(limit=10, batch_size=5)
    journey.build(wave_id, 1)
    journey.validate(wave_id, 1)
    journey.strike(kind="maintenance", how="reset")
    first = journey.create(wave_id, 0).held
    assert first is not None
    asked = journey.seen("create")
    second = journey.create(wave_id, 1).held
    assert second is not None
    assert (second.why, journey.seen("create")) == ("outage", asked)
    assert journey.states(wave_id)["valid"] >= 5
    journey.heal()
    for batch in (0, 1):
        journey.finish(wave_id, batch)
    assert journey.states(wave_id) == {"processed": 10}


def test_of_all_that_wait_one_tries_at_a_time(tracking_engine: Engine) -> None:
    assert meet(tracking_engine).seconds_to_next_try > 0
    assert not outages.claim_try(engine=tracking_engine, target_kraken=KRAKEN)
    back(tracking_engine, next_try_at="2 seconds")
    claims = [outages.claim_try(engine=tracking_engine, target_kraken=KRAKEN) for _ in range(3)]
    assert claims == [True, False, False]


def test_the_pauses_grow_with_the_outage_up_to_a_minute(tracking_engine: Engine) -> None:
    meet(tracking_engine)
    for age, least, most in (("1 minute", 4, 8), ("5 minutes", 24, 45), ("20 minutes", 45, 73)):
        back(tracking_engine, began_at=age, next_try_at="1 minute")
        assert outages.claim_try(engine=tracking_engine, target_kraken=KRAKEN)
        found = outages.current(engine=tracking_engine, target_kraken=KRAKEN)
        assert found is not None
        assert least <= found.seconds_to_next_try <= most


def test_what_was_given_up_stays_given_up_until_it_was_not_tried_for_minutes(tracking_engine: Engine) -> None:
    first = meet(tracking_engine, patience=0)
    assert first.is_given_up
    assert meet(tracking_engine).id == first.id
    # Of a night that is over: what fails now is another outage, with all of the patience.
    back(tracking_engine, next_try_at="6 minutes")
    second = meet(tracking_engine)
    assert second.id != first.id
    assert not second.is_given_up


def test_a_kraken_that_answers_again_ends_the_outage_for_all(tracking_engine: Engine) -> None:
    meet(tracking_engine)
    outages.finish(engine=tracking_engine, target_kraken=KRAKEN)
    assert outages.current(engine=tracking_engine, target_kraken=KRAKEN) is None
    assert meet(tracking_engine).tries == 0


def test_without_patience_an_outage_stops_the_wave_at_once(begin: BeginJourney) -> None:
    journey = brisk(begin()).with_settings(patience=0)
    planned = journey.plan(limit=5)
    journey.build(planned.wave_id)
    journey.strike(kind="maintenance", how="reset")
    with pytest.raises(SystemicFault, match="check the host and the network") as stopped:
        journey.validate(planned.wave_id)
    assert stopped.value.code == "kraken_unreachable"
    journey.heal()
    journey.plan_run(run_id="run-1")
    journey.build(planned.wave_id)
    assert journey.validate(planned.wave_id).counts == {"valid": 5}
    journey.finish(planned.wave_id)
    assert journey.states(planned.wave_id) == {"processed": 5}
    (told,) = journey.rows("SELECT ended_at FROM migration.outage")
    assert told["ended_at"] is not None
