"""Error budgets, pauses and cancellations: no further create, and everything that is open still ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_import.domain.orders import Order
from kraken_import.tracking.control import Action
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import stop_wave
from kraken_import.usecases.control import control_wave, stop_all
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.gate import batches_to_load
from kraken_import.usecases.plan import plan_wave
from kraken_import.usecases.poll import poll
from kraken_import.usecases.systems import PlanSystems
from kraken_import.usecases.waits import Resumption
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, create_in_rerun, prepare, work

STRICT: dict[str, Any] = {"error_share": Decimal("0.2"), "error_window": 25}


def order(journey: Journey, action: Action, wave: str = "run-1", reason: str | None = None) -> str:
    return control_wave(
        tracking=journey.tracking,
        wave=wave,
        action=action,
        order=Order(by="alice", reason=reason, at=datetime.now(UTC)),
    )


def stop_code(journey: Journey, wave_id: int) -> str | None:
    (wave,) = journey.rows("SELECT stop_code FROM migration.wave WHERE id = :id", id=wave_id)
    return wave["stop_code"]


def test_validation_beyond_its_budget_stops_the_wave_with_most_of_it_untouched(begin: BeginJourney) -> None:
    journey = begin(customers=200).with_settings(requests_in_flight=4)
    planned = journey.plan(**STRICT)
    journey.build(planned.wave_id)
    journey.strike(kind="error", operation="validate", status=400)
    with pytest.raises(SystemicFault, match=r"refused \d+ of the last \d+ validated records \(at least"):
        journey.validate(planned.wave_id)
    states = journey.states(planned.wave_id)
    assert states["invalid"] <= 32
    assert states["built"] >= 150
    assert stop_code(journey, planned.wave_id) == "error_budget"

    # A cleared run has its whole budget again.
    journey.heal()
    journey.plan_run(run_id="run-1")
    journey.build(planned.wave_id)
    assert journey.validate(planned.wave_id).counts["valid"] > 150


@pytest.mark.parametrize(
    "policy", [STRICT, {"error_count": 3, "error_share": Decimal(1)}], ids=["share", "number"]
)
def test_failures_at_kraken_stop_creates_and_what_is_open_still_ends(
    begin: BeginJourney, policy: dict[str, Any]
) -> None:
    journey = begin(customers=200).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=200, batch_size=100, **policy)
    journey.build(wave_id, 1)
    journey.validate(wave_id, 1)
    journey.strike(kind="unknown_status", operation="status", status="CANCELLED")
    journey.create(wave_id, 0)
    created = len(journey.created())
    assert created > 80
    journey.poll(wave_id, 0)
    assert stop_code(journey, wave_id) == "error_budget"
    states = journey.states(wave_id)
    assert states["cancelled"] == created
    with pytest.raises(SystemicFault, match="was stopped"):
        journey.create(wave_id, 1)
    assert len(journey.created()) == created


def test_the_usual_budget_lets_the_usual_failures_pass(begin: BeginJourney) -> None:
    journey = begin(customers=425)
    wave_id = journey.valid_wave(limit=425)
    journey.create(wave_id)
    journey.poll(wave_id)
    assert stop_code(journey, wave_id) is None


@contextmanager
def creating(journey: Journey, wave_id: int, *batches: int) -> Iterator[list[Any]]:
    """Several workers that create slowly, as soon as each has begun."""
    journey.strike(kind="slow", operation="create", seconds=0.5)
    with ThreadPoolExecutor(max_workers=len(batches)) as workers:
        running = [workers.submit(journey.create, wave_id, batch) for batch in batches]
        deadline = time.monotonic() + 20
        while len(journey.created()) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        yield running
        journey.heal()


def test_a_pause_holds_every_worker_within_seconds_and_a_resumed_wave_ends_well(begin: BeginJourney) -> None:
    journey = begin(customers=200).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=200, batch_size=100)
    journey.build(wave_id, 1)
    journey.validate(wave_id, 1)
    with creating(journey, wave_id, 0, 1) as running:
        assert "is paused" in order(journey, "pause", reason="The hotline is full.")
        paused_at = time.monotonic()
        outcomes = [each.result(timeout=10) for each in running]
        assert time.monotonic() - paused_at < 5
    assert {outcome.held and (outcome.held.why, outcome.held.seconds) for outcome in outcomes} == {
        ("paused", 0.0)
    }
    created = len(journey.created())
    assert 8 <= created < 60
    assert "creating" not in journey.states(wave_id)
    (seen,) = journey.rows("SELECT DISTINCT paused_at IS NOT NULL AS paused FROM migration.wave_progress")
    assert seen["paused"]
    # Whatever Airflow runs again meanwhile creates nothing, and fails nothing.
    held = journey.create(wave_id, 0).held
    assert held is not None
    assert held.why == "paused"
    assert len(journey.created()) == created

    # The task that holds back waits for the resumption, not for its time.
    with ThreadPoolExecutor() as workers:
        waiting = workers.submit(journey.poll, wave_id, 0, seconds=30, held=held)
        time.sleep(2)
        assert not waiting.done()
        order(journey, "resume", wave=str(wave_id))
        waiting.result(timeout=5)
    for batch in (0, 1):
        assert journey.create(wave_id, batch).held is None
        journey.poll(wave_id, batch)
    assert set(journey.states(wave_id)) <= {"processed", "errored", "rejected", "invalid"}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0
    orders = journey.rows("SELECT action, ordered_by, reason FROM migration.wave_control ORDER BY id")
    assert [tuple(row.values()) for row in orders] == [
        ("pause", "alice", "The hotline is full."),
        ("resume", "alice", None),
    ]


def test_a_cancelled_wave_never_goes_on_and_another_one_takes_what_it_has_not_created(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=100).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=100)
    with creating(journey, wave_id, 0) as running:
        order(journey, "cancel", reason="Wrong tariff table.")
        with pytest.raises(SystemicFault, match="cancelled by alice"):
            running[0].result(timeout=10)
    created = len(journey.created())
    assert created < 60
    journey.poll(wave_id)
    states = journey.states(wave_id)
    assert sum(records for state, records in states.items() if state in ("processed", "errored")) == created
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert "was cancelled by alice (Wrong tariff table.)" in failure
    with pytest.raises(BadRequest, match="cancelled by alice"):
        journey.plan_run(run_id="run-1")
    for action in ("pause", "resume", "cancel"):
        with pytest.raises(BadRequest, match="was cancelled before"):
            order(journey, action)

    second = journey.plan()
    assert second.claimed == 100 - created
    journey.build(second.wave_id)
    journey.validate(second.wave_id)
    journey.create(second.wave_id)
    journey.poll(second.wave_id)
    assert set(journey.states(second.wave_id)) <= {"processed", "errored", "rejected", "invalid"}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0


def test_a_stopped_wave_that_is_resumed_says_that_it_stays_stopped(journey: Journey) -> None:
    journey.plan(limit=1)
    order(journey, "pause")
    stop_all(
        tracking=journey.tracking, kraken=None, order=Order(by="bob", reason="Failover", at=datetime.now(UTC))
    )
    assert order(journey, "resume") == (
        "Wave 1 'run-1' (live, edf_accounts) is no longer paused, but it stays stopped (stop_all): bob "
        "stopped everything (Failover): nothing more is created; clear the run in Airflow to go on where it "
        "stopped."
    )


@pytest.mark.parametrize(
    ("action", "wave", "sentence"),
    [
        ("pause", "nonesuch", "no wave 'nonesuch'"),
        ("pause", "99", "no wave '99'"),
        ("pause", "9" * 40, "no wave"),
        ("resume", "run-1", "is not paused"),
        ("pause", "twice", "Several waves are called 'twice'"),
    ],
)
def test_an_order_that_makes_no_sense_is_one_sentence(
    journey: Journey, action: Action, wave: str, sentence: str
) -> None:
    journey.plan(limit=1)
    journey.plan(limit=1, name="twice")
    journey.plan(limit=1, name="twice", dry_run=True)
    with pytest.raises(BadRequest, match=sentence):
        order(journey, action, wave=wave)
    assert not journey.rows("SELECT * FROM migration.wave_control")


def test_a_schedule_window_is_sent_along_and_where_it_is_refused_no_record_is_blamed(
    journey: Journey,
) -> None:
    wave_id = journey.valid_wave(schedule_window_end=datetime.now(UTC) + timedelta(days=1))
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET schedule_window_end = now() + interval '9d'")
    with pytest.raises(SystemicFault, match="schedule_window_end_too_far_in_future") as stopped:
        journey.create(wave_id)
    assert stopped.value.code == "task_params_refused"
    assert journey.states(wave_id) == {"valid": 5}
    assert journey.rows("SELECT 1 FROM migration.import_error WHERE stage = 'create'") == []


def test_a_schedule_window_whose_start_has_passed_is_sent_without_it(journey: Journey) -> None:
    start, end = datetime.now(UTC) + timedelta(seconds=2), datetime.now(UTC) + timedelta(days=1)
    wave_id = journey.valid_wave(schedule_window_start=start, schedule_window_end=end)
    # The stand-in refuses a start in the past: had it been sent then, these would be invalid.
    time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds()))
    journey.create(wave_id)
    journey.poll(wave_id)
    assert journey.states(wave_id) == {"processed": 5}


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (timedelta(minutes=-1), None, "starts in the past"),
        (None, timedelta(days=4, minutes=1), "more than four days ahead"),
        (None, timedelta(minutes=-1), "has ended already"),
        (timedelta(hours=2), timedelta(hours=1), "starts after its end"),
    ],
)
def test_a_window_that_kraken_would_refuse_is_one_sentence(
    journey: Journey, start: timedelta | None, end: timedelta | None, sentence: str
) -> None:
    now = datetime.now(UTC)
    with pytest.raises(BadRequest, match=sentence):
        journey.plan(schedule_window_start=start and now + start, schedule_window_end=end and now + end)


def test_a_window_that_has_ended_stops_the_wave_before_kraken_refuses_every_record(journey: Journey) -> None:
    wave_id = journey.valid_wave(schedule_window_end=datetime.now(UTC) + timedelta(minutes=5))
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET schedule_window_end = now()")
    with pytest.raises(SystemicFault, match="has ended"):
        journey.create(wave_id)
    assert journey.states(wave_id) == {"valid": 5}


def stop(journey: Journey, *, kraken: str | None = None, reason: str | None = None) -> str:
    return stop_all(
        tracking=journey.tracking, kraken=kraken, order=Order(by="alice", reason=reason, at=datetime.now(UTC))
    )


def test_everything_stops_within_seconds_and_a_cleared_run_goes_on(begin: BeginJourney) -> None:
    journey = begin(customers=100).with_settings(requests_in_flight=4)
    wave_id = journey.valid_wave(limit=90)
    waiting = journey.plan(limit=5)
    planned = begin_rerun(journey, wave="run-2")
    with creating(journey, wave_id, 0) as running:
        said = stop(journey, reason="Bank holiday.")
        stopped_at = time.monotonic()
        with pytest.raises(SystemicFault, match=r"alice stopped everything \(Bank holiday\.\)"):
            running[0].result(timeout=10)
        assert time.monotonic() - stopped_at < 5
    assert "Stopped 2 waves and 1 rerun: wave 1 'run-1' (live, edf_accounts); wave 2 'run-2'" in said
    created = len(journey.created())
    assert 8 <= created < 60
    with pytest.raises(SystemicFault, match="alice stopped everything"):
        work(journey, planned)
    journey.build(waiting.wave_id)
    with pytest.raises(SystemicFault, match="alice stopped everything"):
        journey.validate(waiting.wave_id)
    failure = journey.summarise(waiting.wave_id).failure
    assert failure is not None
    assert "Wave 'run-2' was stopped (stop_all): alice stopped everything" in failure
    assert len(journey.created()) == created
    (told,) = journey.rows("SELECT * FROM migration.stop_order")
    assert (told["waves"], told["reruns"]) == ([wave_id, waiting.wave_id], [planned.rerun])
    assert (told["ordered_by"], told["reason"], told["kraken"]) == ("alice", "Bank holiday.", None)

    journey.poll(wave_id)
    journey.plan_run(run_id="run-1")
    journey.create(wave_id)
    journey.poll(wave_id)
    assert set(journey.states(wave_id)) <= {"processed", "errored", "rejected", "invalid"}
    assert set(journey.created().values()) == {1}


def test_a_stop_of_everything_holds_what_it_could_not_see(journey: Journey) -> None:
    # A wave whose plan was begun before the order and is committed after it.
    stop(journey)
    late = journey.valid_wave()
    # And one that has ended, of which single tasks are cleared.
    ended = journey.valid_wave()
    journey.summarise(ended)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET opened_no = 0 WHERE id = %s", (late,))
    assert "0 waves" not in stop(journey)
    for wave_id in (late, ended):
        with pytest.raises(SystemicFault, match="alice stopped everything"):
            journey.create(wave_id)
    assert batches_to_load(tracking=journey.tracking, wave_id=late, now=datetime.now(UTC)) == []
    for wave_id in (late, ended):
        failure = journey.summarise(wave_id).failure
        assert failure is not None
        assert "was stopped (stop_all): alice stopped everything" in failure
    assert journey.created() == {}
    # What is planned afterwards is not held.
    journey.create(journey.valid_wave())
    assert len(journey.created()) == 5


def test_a_retried_task_does_not_undo_a_stop_and_a_clearing_does(journey: Journey) -> None:
    run_of_it = {"dag_id": "migrate_edf_accounts", "run_id": "night"}

    def plan(cleared: int) -> int:
        return plan_wave(
            systems=PlanSystems(tracking=journey.tracking, legacy=journey.legacy, kraken=journey.kraken),
            request=WaveRequest(dialect="edf_accounts", dry_run=False, limit=5),
            run=AirflowRun(**run_of_it, cleared=cleared),
            now=datetime.now(UTC),
        ).wave_id

    wave_id = plan(0)
    stop(journey)
    assert plan(0) == wave_id
    assert stop_code(journey, wave_id) == "stop_all"
    assert plan(1) == wave_id
    assert stop_code(journey, wave_id) is None


def test_only_what_goes_to_the_named_kraken_is_stopped(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    other = journey.plan(limit=5, connection_id="kraken_gb").wave_id
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET target_kraken = 'https://other.example.com' WHERE id = %s", (other,)
        )
    with pytest.raises(BadRequest, match=r"No wave was planned for .*'krakn'.*kraken_gb"):
        stop(journey, kraken="krakn")
    assert "everything that goes to kraken_gb" not in stop(journey, kraken="https://other.example.com/")
    assert (stop_code(journey, other), stop_code(journey, wave_id)) == ("stop_all", None)
    # None of it is left, which is said and is not a failure.
    assert stop(journey, kraken="kraken_gb").startswith("Nothing was under way")
    journey.create(wave_id)
    assert len(journey.created()) == 5


def test_a_rerun_in_a_wave_that_is_paused_and_stopped_waits_until_it_is_resumed(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    order(journey, "pause")
    stop_wave(
        engine=journey.tracking, wave_id=wave_id, code="forbidden", reason="Forbidden.", at=datetime.now(UTC)
    )
    planned = begin_rerun(journey, wave="run-1")
    prepare(journey, planned)
    held = create_in_rerun(journey, planned).held
    assert held is not None
    assert held.why == "paused"
    ref = BatchRef(wave_id=wave_id, batch=0, rerun=planned.rerun)
    until = datetime.now(UTC) + timedelta(seconds=30)
    with ThreadPoolExecutor() as workers:
        waiting = workers.submit(
            lambda: asyncio.run(
                poll(
                    systems=journey.systems,
                    ref=ref,
                    until=until,
                    resumption=Resumption(why="paused", seconds=0.0),
                )
            )
        )
        time.sleep(1)
        assert not waiting.done()
        order(journey, "resume")
        waiting.result(timeout=5)
    create_in_rerun(journey, planned)
    assert len(journey.created()) == 5
