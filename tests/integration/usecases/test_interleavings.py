"""Workers, triggers and answers that cross each other: no stale evidence counts, nothing is parked early."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kraken_import.tracking import evidence, outages
from kraken_import.tracking.evidence import Key
from kraken_import.usecases import poll_open
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.waiting import HoldBack
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, create_in_rerun, prepare

LONG_AGO = (
    "UPDATE migration.import_process SET intended_at = intended_at - interval '1 hour',"
    " doubted_at = doubted_at - interval '1 hour', polled_at = NULL WHERE state = 'creating'"
)


def change(journey: Journey, statement: str) -> None:
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(statement)


def test_a_create_that_is_sent_again_is_not_judged_by_what_was_known_of_the_earlier_one(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = begin().with_settings(visibility_window=20, request_timeout=1)
    wave_id = journey.valid_wave(limit=1)
    journey.strike(kind="drop_before", operation="create", count=1)
    journey.create(wave_id)
    change(journey, LONG_AGO)
    lock = poll_open.waves.batch_lock
    resumed: list[int] = []

    def lock_later(**given: Any) -> Any:
        if not resumed:
            resumed.append(wave_id)
            # Before the scheduled poll has the lock, the create task of the batch goes on.
            journey.strike(kind="drop_after", operation="create", count=1)
            journey.strike(kind="invisible", operation="status", seconds=15)
            with ThreadPoolExecutor() as pool:
                pool.submit(journey.create, wave_id).result()
        return lock(**given)

    monkeypatch.setattr(poll_open.waves, "batch_lock", lock_later)
    journey.poll(seconds=0)
    monkeypatch.undo()
    assert journey.states(wave_id) == {"creating": 1}
    journey.create(wave_id)
    assert (journey.seen("create"), journey.refused()) == (2, 0)


def test_a_late_answer_to_a_validation_does_not_put_back_what_is_being_created(begin: BeginJourney) -> None:
    journey = begin()
    wave_id = journey.plan(limit=1).wave_id
    journey.build(wave_id)
    journey.strike(kind="slow", operation="validate", seconds=0.8, count=1)
    journey.strike(kind="slow", operation="create", seconds=1.8)
    with ThreadPoolExecutor() as pool:
        # As a rerun of a record and its wave, cleared at the same time, would.
        late = pool.submit(journey.validate, wave_id)
        time.sleep(0.3)
        journey.validate(wave_id)
        journey.create(wave_id)
        late.result()
    assert (journey.seen("create"), journey.refused()) == (1, 0)


def test_a_throttled_status_endpoint_parks_nothing(begin: BeginJourney) -> None:
    journey = begin("--delay", "600").with_settings(visibility_window=0.1, request_timeout=1)
    wave_id = journey.valid_wave(limit=5)
    journey.create(wave_id)
    journey.strike(kind="error", operation="status", status=429)
    journey.poll(wave_id, seconds=8)
    assert journey.states(wave_id) == {"created": 5}


@pytest.mark.parametrize("poison", [9, 10])
def test_records_that_are_never_validated_are_parked_however_many_they_are(
    begin: BeginJourney, poison: int
) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1, patience=600)
    planned = journey.plan(limit=20)
    journey.build(planned.wave_id)
    keys = [f"GB-{number:09}" for number in range(1, poison + 1)]
    journey.strike(kind="error", operation="validate", status=500, keys=keys)
    assert journey.validate(planned.wave_id).held is None
    assert journey.states(planned.wave_id) == {"parked": poison, "valid": 20 - poison}


def test_creates_that_never_take_effect_are_not_sent_for_ever_once_the_patience_is_over(
    begin: BeginJourney,
) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1, patience=1)
    wave_id = journey.valid_wave(limit=12)
    journey.strike(kind="error", operation="create", status=500)
    with pytest.raises(SystemicFault, match="has given no usable answer since"):
        journey.create_all(wave_id)
    # Kraken answers everything else, so that a cleared run finds whose trouble it is.
    journey.plan_run(run_id="run-1")
    journey.create_all(wave_id)
    assert journey.states(wave_id) == {"parked": 12}
    assert journey.seen("create") <= 5 * 12


def test_a_limit_is_not_waited_out_for_what_does_not_end(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kraken_import.usecases.waits._LONGEST_WAIT_FOR_AN_END", 1.0)
    journey = begin("--delay", "600")
    wave_id = journey.valid_wave(limit=2)
    journey.create(wave_id)
    began = time.monotonic()
    journey.poll(wave_id, seconds=60, held=HoldBack(why="throttled", seconds=1, sentence=""))
    assert time.monotonic() - began < 20


def test_a_permission_that_is_taken_away_in_mid_chunk_parks_next_to_nothing(begin: BeginJourney) -> None:
    journey = begin().with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="forbidden", operation="create", skip=3)
    with pytest.raises(SystemicFault) as fault:
        journey.create(wave_id)
    assert fault.value.code == "forbidden"
    assert journey.states(wave_id).get("parked", 0) <= 1


@pytest.mark.parametrize("keys", [["GB-000000001", "GB-000000002"], None])
def test_when_the_only_two_open_records_are_forbidden_another_one_says_whose_trouble_it_is(
    begin: BeginJourney, keys: list[str] | None
) -> None:
    journey = begin()
    wave_id = journey.valid_wave(limit=2)
    journey.create(wave_id)
    # Both are due at once.
    change(journey, "UPDATE migration.import_process SET created_at = created_at - interval '1 hour'")
    journey.strike(kind="forbidden", operation="status", **({} if keys is None else {"keys": keys}))
    if keys is None:
        with pytest.raises(SystemicFault, match="ask for the data-import permission"):
            journey.poll(wave_id)
        return
    assert journey.poll(wave_id, seconds=0.5) == {"open": 2, "ended": 0}
    change(
        journey,
        "UPDATE migration.import_process SET doubted_at = doubted_at - interval '1 hour', polled_at = NULL",
    )
    journey.poll(wave_id, seconds=0.5)
    assert journey.states(wave_id) == {"parked": 2}


def test_a_masked_finding_touches_the_payloads_of_its_own_wave_alone(begin: BeginJourney) -> None:
    journey = begin()
    waves = [journey.valid_wave(limit=2) for _ in range(4)]
    with journey.tracking.begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT id, wave_id, attempt FROM migration.import_process WHERE wave_id = %s LIMIT 1",
            (waves[0],),
        )
        keys = [Key(**each) for each in row.mappings()]
        assert len(evidence.payloads_of(connection=connection, keys=keys)) == 1
        locked = connection.exec_driver_sql(
            "SELECT DISTINCT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid()"
            " AND relation::regclass::text ~ 'payload_wave_[0-9]+$'"
        )
        assert locked.scalars().all() == [f"migration.payload_wave_{waves[0]}"]


def test_a_throttled_look_before_a_second_create_waits(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept").with_settings(visibility_window=20, request_timeout=2)
    wave_id = journey.valid_wave(limit=3)
    journey.finish(wave_id)
    change(journey, "UPDATE migration.import_process SET state = 'errored'")
    change(journey, "UPDATE migration.import_attempt SET outcome = 'errored'")
    journey.summarise(wave_id)
    planned = begin_rerun(journey, wave=str(wave_id), states=("errored",))
    prepare(journey, planned)
    journey.strike(kind="error", operation="status", status=429)
    held = create_in_rerun(journey, planned).held
    assert held is not None
    assert held.why == "throttled"
    assert journey.states(wave_id) == {"valid": 3}


def test_a_silent_kraken_keeps_no_batch_from_its_worker(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=20, request_timeout=0.5, connect_timeout=0.5)
    wave_id = journey.valid_wave(limit=6, batch_size=2)
    for batch in (1, 2):
        journey.build(wave_id, batch)
        journey.validate(wave_id, batch)
    journey.strike(kind="drop_before", operation="create", count=6)
    for batch in (0, 1, 2):
        journey.create(wave_id, batch)
    outages.finish(engine=journey.tracking, target_kraken=journey.kraken.target)
    asked = journey.seen("status")
    journey.strike(kind="hang", operation="status")
    journey.poll(seconds=1)
    # The first batch alone, with its tries, and a probe.
    assert journey.seen("status") - asked <= 2 * 5 + 2
    (told,) = journey.rows("SELECT count(*) AS outages FROM migration.outage WHERE ended_at IS NULL")
    assert told["outages"] == 1
