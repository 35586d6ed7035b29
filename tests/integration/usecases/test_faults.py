"""Whatever Kraken or the network does: no record is created twice, none is lost, none is judged in haste."""

from __future__ import annotations

import logging
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import batch_lock
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.gate import batches_to_load
from tests.conftest import StartSimulator
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import creating_process


def finish(journey: Journey, wave_id: int) -> None:
    """Create and poll until everything has ended, as retries of the tasks would."""
    journey.finish(wave_id)


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.strike(kind="drop_after", operation="create", count=3)
    finish(journey, wave_id)
    assert journey.states(wave_id) == {"processed": 5}
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}


def test_a_create_that_never_arrived_is_sent_again_once_the_window_has_passed(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.strike(kind="drop_before", operation="create", count=3)
    started = time.monotonic()
    finish(journey, wave_id)
    # From the end of the request, which the worker has seen.
    assert time.monotonic() - started >= journey.kraken.visibility_window
    assert journey.states(wave_id) == {"processed": 5}
    assert set(journey.created().values()) == {1}
    resent = journey.rows(
        "SELECT 1 FROM migration.import_event WHERE from_state = 'creating' AND to_state = 'valid'"
    )
    assert len(resent) == 3


def test_a_404_is_not_believed_while_a_create_may_still_be_invisible(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.strike(kind="drop_after", operation="create", count=5)
    journey.strike(kind="invisible", operation="status", seconds=0.4)
    finish(journey, wave_id)
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}
    assert journey.states(wave_id) == {"processed": 5}


def test_server_errors_leave_no_record_behind(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="error", operation="create", probability=0.4, seed=3, count=8, status=502)
    journey.strike(kind="error", operation="status", probability=0.3, seed=5, count=20)
    finish(journey, wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}


def test_a_worker_killed_in_mid_create_loses_and_doubles_nothing(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept", customers=300).with_settings(
        visibility_window=1, request_timeout=2
    )
    wave_id = journey.valid_wave(limit=300)
    valid = journey.states(wave_id)["valid"]
    journey.strike(kind="slow", operation="create", seconds=0.05)
    worker = creating_process(journey, BatchRef(wave_id=wave_id, batch=0), visibility_window=0.5)
    deadline = time.monotonic() + 30
    while not journey.created() and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    in_doubt = journey.states(wave_id).get("creating", 0)
    assert 0 < in_doubt <= 4 * 32
    assert len(journey.created()) < valid
    journey.heal()

    deadline = time.monotonic() + 30
    while True:
        try:
            journey.create_all(wave_id)
            break
        except Retryable:  # Postgres has not noticed yet that the killed worker is gone
            assert time.monotonic() < deadline
            time.sleep(0.2)
    journey.poll(wave_id)
    states = journey.states(wave_id)
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}
    assert len(journey.created()) == valid
    assert states["processed"] + states.get("errored", 0) == valid


def test_two_workers_never_create_for_one_batch_at_once(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    with batch_lock(engine=journey.tracking, ref=BatchRef(wave_id=wave_id, batch=0)):
        with pytest.raises(Retryable, match="Another worker"):
            journey.create(wave_id)
    assert journey.created() == {}


def test_already_imported_is_resolved_by_what_the_status_says(journey: Journey) -> None:
    first = journey.valid_wave()
    finish(journey, first)
    with journey.tracking_superuser.begin() as connection:
        # As if another client had imported them: our own record of it is gone.
        connection.exec_driver_sql(
            "SET LOCAL session_replication_role = replica;"
            "TRUNCATE migration.wave, migration.batch, migration.import_process, migration.import_event,"
            " migration.shared_value, migration.import_attempt, migration.import_error, migration.answer,"
            " migration.payload CASCADE"
        )
    second = journey.valid_wave()
    finish(journey, second)
    assert journey.states(second) == {"processed": 5}
    assert set(journey.created().values()) == {1}
    identifiers = journey.rows("SELECT kraken_identifier FROM migration.import_process")
    assert all(row["kraken_identifier"] for row in identifiers)


@pytest.mark.parametrize(("switch", "creates"), [("accept", 2), ("refuse", 1)])
def test_an_errored_import_of_another_client_is_created_again_or_taken_as_it_is(
    begin: BeginJourney, switch: str, creates: int
) -> None:
    journey = begin("--recreate-after-error", switch, customers=225)
    with journey.legacy_superuser.connect() as connection:
        (obsolete,) = connection.exec_driver_sql(
            "SELECT external_identifier FROM generator.expected_outcome WHERE expected_state = 'errored'"
        ).scalars()
    wave_id = journey.valid_wave(limit=None, identifiers=(obsolete,))
    body = b'{"payload":' + journey.payloads(wave_id)[obsolete] + b',"task_params":{}}'
    requests.post(
        f"{journey.simulator.url}/v2/data-import/accounts/",
        data=body,
        headers={"Authorization": f"Token {journey.kraken.token}"},
        timeout=10,
    ).raise_for_status()
    time.sleep(0.3)
    finish(journey, wave_id)
    assert journey.states(wave_id) == {"errored": 1}
    assert journey.created() == {obsolete: creates}


def test_a_rehearsals_end_is_never_taken_for_a_live_import(journey: Journey) -> None:
    rehearsal = journey.valid_wave(dry_run=True)
    finish(journey, rehearsal)
    # As much older than the live creates as clocks may be apart.
    time.sleep(7)
    live = journey.valid_wave()
    journey.strike(kind="drop_before", operation="create", count=5)
    finish(journey, live)
    assert journey.states(live) == {"processed": 5}
    assert set(journey.created().values()) == {1}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "forbidden"}, "forbidden"),
        ({"kind": "unauthorised"}, "unauthorised"),
        ({"kind": "supplier_paused"}, "import_supplier_migration_not_ongoing"),
    ],
)
def test_a_systemic_answer_stops_the_wave_and_spares_the_batch(
    begin: BeginJourney, fault: dict[str, str], code: str
) -> None:
    journey = begin(customers=200).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=200)
    valid = journey.states(wave_id)["valid"]
    journey.strike(**fault, operation="create")
    with pytest.raises(SystemicFault) as stopped:
        journey.create(wave_id)
    assert stopped.value.code == code
    assert journey.created() == {}
    assert journey.states(wave_id)["valid"] == valid
    (wave,) = journey.rows("SELECT stop_code, stop_reason FROM migration.wave")
    assert wave["stop_code"] == code
    assert journey.kraken.token not in wave["stop_reason"]
    touched = journey.rows("SELECT 1 FROM migration.import_event WHERE to_state = 'creating'")
    assert len(touched) <= 4 * 4

    journey.heal()
    with pytest.raises(SystemicFault, match="was stopped"):
        journey.create(wave_id)
    assert batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC)) == []
    # Clearing the run plans it again, which lets the wave go on.
    journey.plan_run(run_id="run-1")
    finish(journey, wave_id)
    assert journey.states(wave_id)["processed"] >= valid - 1


def test_an_expired_token_is_read_again_once_and_no_record_is_lost(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=20)
    expired = journey.with_settings(token="expired")
    expired.renewed = journey.kraken
    expired.create(wave_id)
    assert expired.refreshed == [journey.kraken]
    # The poll of a trigger is another session, with what its Connection said.
    expired.poll(wave_id)
    assert expired.refreshed == [journey.kraken] * 2
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}


def test_after_a_429_the_batch_goes_on_by_itself_as_accounts_end(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="limit_in_progress", most=5, seconds=1)
    assert journey.create(wave_id).held is None
    journey.poll(wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}


def test_a_429_that_asks_for_a_longer_wait_gives_the_worker_back(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="throttle", skip=5, count=1, seconds=7)
    outcome = journey.create(wave_id)
    assert outcome.held is not None
    assert outcome.held.why == "throttled"
    assert 5 < outcome.held.seconds <= 7
    held = journey.states(wave_id)
    assert held["valid"] > 0
    assert "creating" not in held
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}


def test_a_create_that_fails_validation_is_validated_again_for_the_reason(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.strike(kind="failed_validation", operation="create", count=1)
    finish(journey, wave_id)
    assert journey.states(wave_id) == {"invalid": 1, "processed": 4}
    (row,) = journey.rows("SELECT first_error_code FROM migration.import_process WHERE state = 'invalid'")
    assert row["first_error_code"] == "import_process_failed_validation"


def test_an_unknown_status_is_shown_asked_again_and_fails_the_run_if_it_stays(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    journey.strike(kind="unknown_status", operation="status", keys=["GB-000000002"], status="ON_HOLD")
    assert journey.poll(wave_id, seconds=2)["open"] == 1
    assert journey.states(wave_id) == {"processed": 4, "unrecognised": 1}
    assert "1 unrecognised" in str(journey.summarise(wave_id).failure)
    journey.heal()
    assert journey.poll(wave_id)["open"] == 0
    assert journey.states(wave_id) == {"processed": 5}


def test_a_created_record_that_kraken_forgets_is_missing_and_may_come_back(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=0.5)
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    journey.strike(kind="invisible", operation="status", keys=["GB-000000003"], seconds=3)
    assert journey.poll(wave_id, seconds=1.5)["open"] == 1
    assert journey.states(wave_id)["missing"] == 1
    (error,) = journey.rows("SELECT code FROM migration.import_error")
    assert error["code"] == "import_process_not_found"
    assert journey.poll(wave_id)["open"] == 0
    assert journey.states(wave_id) == {"processed": 5}


def test_a_validation_that_is_never_answered_is_parked_and_the_others_go_on(journey: Journey) -> None:
    planned = journey.plan(limit=20)
    journey.build(planned.wave_id)
    journey.strike(kind="error", operation="validate", keys=["GB-000000004"])
    outcome = journey.validate(planned.wave_id)
    assert (outcome.held, outcome.counts) == (None, {"parked": 1, "valid": 19})
    (error,) = journey.rows("SELECT code, stage FROM migration.import_error")
    assert tuple(error.values()) == ("never_answered", "validate")
    (answer,) = journey.rows("SELECT http_status FROM migration.answer WHERE http_status <> 200")
    assert answer["http_status"] == 503
    journey.finish(planned.wave_id)
    failure = journey.summarise(planned.wave_id).failure
    assert failure is not None
    assert "1 record is parked" in failure


def test_a_validation_that_failed_takes_no_try_from_the_create(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1)
    planned = journey.plan(limit=20)
    journey.build(planned.wave_id)
    # All tries of a round.
    journey.strike(kind="error", operation="validate", keys=["GB-000000004"], count=5)
    assert journey.validate(planned.wave_id).counts == {"valid": 20}
    journey.strike(kind="error", operation="create", keys=["GB-000000004"], count=2)
    journey.finish(planned.wave_id)
    assert journey.states(planned.wave_id) == {"processed": 20}


def test_a_kraken_that_stays_down_stops_the_wave_with_nothing_in_doubt(
    journey: Journey, caplog: pytest.LogCaptureFixture
) -> None:
    journey = journey.with_settings(patience=1)
    wave_id = journey.valid_wave()
    journey.simulator.end()
    held = journey.create(wave_id).held
    assert held is not None
    assert held.why == "outage"
    assert "has not answered since" in held.sentence
    assert journey.states(wave_id) == {"valid": 5}
    with caplog.at_level(logging.INFO, logger="kraken_import.usecases.waiting"):
        journey.poll(wave_id, held=held)
    # The trigger's log says what it waits for, and how that ended.
    first, last = (each.getMessage() for each in caplog.records if each.name.endswith(".waiting"))
    assert "has not answered since" in first
    assert last == f"Kraken at {journey.kraken.target} is given up."
    with pytest.raises(SystemicFault, match="has given no usable answer since") as stopped:
        journey.create(wave_id)
    assert stopped.value.code == "kraken_unreachable"
    assert journey.states(wave_id) == {"valid": 5}


def test_another_kraken_behind_the_same_connection_is_never_sent_the_waves_records(
    begin: BeginJourney, journey: Journey
) -> None:
    wave_id = journey.valid_wave()
    elsewhere = journey.with_settings(base_url=begin(customers=0).simulator.url)
    with pytest.raises(SystemicFault, match="was planned for"):
        elsewhere.create(wave_id)
    assert elsewhere.poll() == {"open": 0, "ended": 0}


def test_records_that_no_wave_waits_for_any_more_are_polled_to_their_end(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    assert journey.poll(seconds=0.5)["open"] == 5  # all were asked about just now
    assert journey.states(wave_id) == {"created": 5}
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET intended_at = intended_at - interval '1 hour',"
            " created_at = created_at - interval '1 hour'"
        )
    journey.poll(seconds=0.5)
    assert journey.states(wave_id) == {"processed": 5}


def test_a_doubt_that_a_dead_worker_left_is_settled_without_it(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'creating', "
            "intended_at = now() - interval '1 hour', evidence_from = now() - interval '1 hour'"
        )
    journey.poll(seconds=0.5)
    assert journey.states(wave_id) == {"valid": 5}


def test_a_polling_that_runs_twice_writes_each_transition_once(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=20)
    journey.create(wave_id)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda _: journey.poll(wave_id), range(2)))
    ends = journey.rows("SELECT import_process_id FROM migration.import_event WHERE to_state = 'processed'")
    assert len(ends) == 20


def test_no_personal_value_stands_outside_of_payload_and_answer(begin: BeginJourney) -> None:
    journey = begin(customers=300)
    planned = journey.plan()
    journey.build(planned.wave_id)
    journey.validate(planned.wave_id)
    finish(journey, planned.wave_id)
    with journey.legacy_superuser.connect() as connection:
        personal = {
            value
            for statement in (
                "SELECT value FROM legacy.party_contact",
                "SELECT trim(last_name) FROM legacy.party",
                "SELECT line1 FROM legacy.address",
                "SELECT identifier FROM legacy.supply_point",
            )
            for value in connection.exec_driver_sql(statement).scalars()
            if value and len(value) > 3
        }
    kept = journey.rows(
        "SELECT detail AS said FROM migration.import_error UNION ALL SELECT path FROM migration.import_error "
        "UNION ALL SELECT error_path FROM migration.import_event WHERE error_path IS NOT NULL "
        "UNION ALL SELECT first_error_path FROM migration.import_process WHERE first_error_path IS NOT NULL"
    )
    assert len(kept) > 30
    assert not [value for value in personal for row in kept if value in row["said"]]


def test_a_connection_that_leads_elsewhere_by_now_sends_nothing_there(
    journey: Journey, start_simulator: StartSimulator
) -> None:
    wave_id = journey.valid_wave()
    other = start_simulator()
    elsewhere = journey.with_settings(base_url=other.url)
    for step in (elsewhere.validate, elsewhere.create, elsewhere.poll):
        with pytest.raises(SystemicFault, match="point it back, or plan a new wave") as refused:
            step(wave_id)
        assert refused.value.code == "other_kraken"
    assert requests.get(f"{other.url}/simulator/ledger", timeout=10).json()["keys"] == []
    finish(journey, wave_id)
    assert journey.states(wave_id) == {"processed": 5}


def test_a_connection_that_is_repointed_while_creates_are_under_way_does_not_take_them_along(
    journey: Journey, start_simulator: StartSimulator
) -> None:
    wave_id = journey.valid_wave(limit=20)
    other = start_simulator()
    # The token expires, and reading the Connection again finds another Kraken in it.
    moved = journey.with_settings(token="expired")
    moved.renewed = replace(journey.kraken, base_url=other.url)
    with pytest.raises(SystemicFault) as stopped:
        moved.create(wave_id)
    assert stopped.value.code == "unauthorised"
    assert requests.get(f"{other.url}/simulator/ledger", timeout=10).json()["keys"] == []
    assert journey.created() == {}
