"""Which faults are waited for, how long, and when a task is given up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
import sqlalchemy.exc

from kraken_import.airflow import environment
from kraken_import.airflow.environment import UnableToReadEnvironment
from kraken_import.usecases.faults import BadRequest, Retryable
from transforms.database import DatabaseInterrupted
from transforms.extract import UnableToExtract

# One worker imports Airflow for all of them, and none while it only collects.
pytestmark = pytest.mark.xdist_group("airflow")

PATIENCE = timedelta(minutes=30)
START = datetime(2026, 11, 9, 20, tzinfo=UTC)


def api(kind: str, status: int | None) -> Exception:
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    return AirflowRuntimeError(ErrorResponse(error=ErrorType[kind], detail={"status_code": status}))


def timed_out() -> BaseException:
    from airflow.sdk.exceptions import AirflowTaskTimeout

    return AirflowTaskTimeout()


def broken_off() -> Exception:
    error = sqlalchemy.exc.DatabaseError("SELECT 1", {}, psycopg2.DatabaseError())
    error.connection_invalidated = True
    return error


class Unreachable:
    """The store of a task whose API server is gone."""

    def get(self, key: str) -> None:
        raise api("API_SERVER_ERROR", None)

    def set(self, key: str, value: object) -> None:
        raise BrokenPipeError


def retries() -> int:
    from kraken_import.airflow.retrying import retries_of

    return retries_of(patience=PATIENCE)


def no_tries() -> Any:
    from kraken_import.airflow.retrying import TaskTries

    return TaskTries(first_try=1)


def policy_of(patience: timedelta) -> Any:
    from kraken_import.airflow.retrying import PatientRetryPolicy

    return PatientRetryPolicy(patience=patience)


@dataclass(kw_only=True)
class Task:
    """A task that fails again and again, on a clock of its own."""

    now: datetime = START
    tries: int = 0
    known: Any = field(default_factory=no_tries)

    def fail(self, error: BaseException, *, after: timedelta = timedelta(seconds=2)) -> Any:
        """Begin a try, and end it with this error; the decision. The clock moves on to the next try."""
        from kraken_import.airflow.retrying import decide

        began, self.now = self.now, self.now + after
        self.tries += 1
        decision, self.known = decide(
            exception=error, before=self.known, began=began, patience=PATIENCE, now=self.now
        )
        if decision.retry_delay is not None:
            self.now += decision.retry_delay
        return decision


def test_every_fault_that_the_policy_names_is_a_class_of_that_name() -> None:
    from airflow.sdk.module_loading import import_string

    from kraken_import.airflow.retrying import PASSING, PERMANENT

    for path in PERMANENT | PASSING:
        found = import_string(path)
        assert issubclass(found, Exception)
        # A class is matched by where it was defined.
        assert f"{found.__module__}.{found.__qualname__}" == path


@pytest.mark.parametrize(
    ("error", "action", "sentence"),
    [
        (
            lambda: BadRequest("No."),
            "fail",
            "BadRequest does not pass by itself: mend what the error above says",
        ),
        (lambda: UnableToExtract("No."), "fail", "UnableToExtract does not pass"),
        (lambda: Retryable("Busy."), "retry", "Retryable passes by itself: tried again at 20:00:0"),
        (lambda: DatabaseInterrupted("Gone."), "retry", ", until 20:30:02 UTC."),
        (lambda: sqlalchemy.exc.OperationalError("", {}, Exception()), "retry", "OperationalError passes"),
        (lambda: sqlalchemy.exc.TimeoutError(), "retry", "TimeoutError passes"),
        (broken_off, "retry", "DatabaseError passes"),
        (lambda: api("API_SERVER_ERROR", None), "retry", "AirflowRuntimeError passes"),
        (lambda: api("API_SERVER_ERROR", 503), "retry", "AirflowRuntimeError passes"),
        (lambda: api("API_SERVER_ERROR", 404), "retry", "AirflowRuntimeError is unexpected"),
        (lambda: api("PERMISSION_DENIED", None), "retry", "AirflowRuntimeError is unexpected"),
        (lambda: KeyError("customer GB-1"), "retry", "KeyError is unexpected: tried again at 20:00:0"),
        (timed_out, "retry", "3 times at most."),
    ],
)
def test_a_fault_is_waited_for_if_it_passes_by_itself(
    error: Callable[[], BaseException], action: str, sentence: str
) -> None:
    decision = Task().fail(error())
    assert decision.action.value == action
    assert sentence in decision.reason
    assert decision.reason.endswith(".")
    # The words of an error may name a customer.
    assert "GB-1" not in decision.reason


def test_what_passes_is_waited_for_at_growing_intervals_until_the_patience_is_over() -> None:
    task = Task()
    delays = []
    while (decision := task.fail(Retryable("Busy."))).action.value == "retry":
        delays.append(decision.retry_delay.total_seconds())
    assert all(5 <= delay <= 60 for delay in delays)
    assert delays[0] < 7 < delays[1] < 14 < delays[2] < 28 < delays[3]
    assert min(delays[4:]) >= 45
    assert len(set(delays)) == len(delays)
    waited = task.now - START
    assert timedelta(minutes=28) < waited <= timedelta(minutes=31)
    assert decision.reason == (
        "Retryable has not passed in 30 minutes: mend what the error above says, then clear the task."
    )
    assert task.tries <= retries()


def test_the_retries_of_a_task_outlast_the_shortest_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kraken_import.airflow.retrying import SURPRISES

    task = Task()
    monkeypatch.setattr("random.uniform", lambda shortest, longest: shortest)
    while task.fail(Retryable("Busy."), after=timedelta()).action.value == "retry":
        pass
    assert task.tries + SURPRISES <= retries() < 70


def test_an_unexpected_fault_is_retried_three_times_whatever_was_waited_for() -> None:
    task = Task()
    errors = [KeyError(), Retryable("Busy."), KeyError(), Retryable("Busy."), Retryable("Busy."), KeyError()]
    assert {task.fail(error).action.value for error in errors} == {"retry"}
    last = task.fail(KeyError())
    assert last.action.value == "fail"
    assert "is unexpected and has come back after 3 more tries" in last.reason


def test_a_try_that_got_somewhere_begins_with_its_whole_patience() -> None:
    task = Task()
    for _ in range(20):
        decision = task.fail(Retryable("Busy."), after=timedelta(minutes=20))
        assert decision.action.value == "retry"
        assert decision.retry_delay < timedelta(seconds=7)


def test_what_earlier_tries_came_to_is_kept_with_the_task_until_it_is_cleared() -> None:
    policy, store = policy_of(PATIENCE), dict[str, Any]()
    context = {
        "ti": SimpleNamespace(task=SimpleNamespace(retries=retries()), start_date=datetime.now(UTC)),
        "task_state_store": SimpleNamespace(get=store.get, set=store.__setitem__),
    }

    def delay(try_number: int, max_tries: int) -> float:
        decision = policy.evaluate(Retryable("Busy."), try_number, max_tries, context)
        assert decision.retry_delay is not None
        return decision.retry_delay.total_seconds()

    assert delay(1, retries()) < 7 < delay(2, retries()) < 14 < delay(3, retries())
    assert json.loads(json.dumps(store)) == store
    # Clearing gives a task all of its retries once more.
    assert delay(4, 3 + retries()) < 7


@pytest.mark.parametrize("context", [None, {}, {"task_state_store": Unreachable()}])
def test_a_task_is_tried_again_also_where_nothing_is_known_of_earlier_tries(context: Any) -> None:
    policy = policy_of(PATIENCE)
    for error in (Retryable("Busy."), KeyError()):
        assert policy.evaluate(error, 5, retries(), context).action.value == "retry"


def test_the_policy_survives_being_written_down() -> None:
    policy = policy_of(timedelta(minutes=7))
    assert type(policy).deserialize(policy.serialize()).patience == policy.patience


@pytest.mark.parametrize("said", ["0", "-5", "1.5", "half an hour", "99999", "٣", "9" * 5_000])
@pytest.mark.parametrize("name", ["MIGRATION_PATIENCE_MINUTES", "MIGRATION_BATCHES_AT_ONCE"])
def test_a_number_that_makes_no_sense_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setenv(name, said)
    read = environment.patience if "PATIENCE" in name else environment.batches_at_once
    with pytest.raises(UnableToReadEnvironment, match=f"{name} must be a whole number from 1 to") as refused:
        read()
    assert len(str(refused.value)) < 300


def test_a_number_that_is_not_given_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIGRATION_PATIENCE_MINUTES", "MIGRATION_BATCHES_AT_ONCE"):
        monkeypatch.setenv(name, " ")
    assert (environment.patience(), environment.batches_at_once()) == (timedelta(minutes=30), 4)
    monkeypatch.setenv("MIGRATION_PATIENCE_MINUTES", "90")
    assert environment.patience() == timedelta(minutes=90)
