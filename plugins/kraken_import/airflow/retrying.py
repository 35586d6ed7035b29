"""Decides which faults end a task at once, which are waited for, and how long.

The policy is asked in the process of the failed task, so it keeps what it needs from earlier tries in
Airflow's store of the task's state. It is not asked about a task that was killed: Airflow retries that after
the task's own delay, as long as the task has retries.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import RetryPolicy
from airflow.sdk.definitions.retry_policy import RetryDecision
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType

PERMANENT: Final = frozenset(
    {
        "kraken_import.usecases.faults.BadRequest",
        "kraken_import.usecases.faults.SystemicFault",
        "kraken_import.usecases.control.UnknownWave",
        "kraken_import.usecases.control.UnknownKraken",
        "kraken_import.client.settings.UnableToReadConnection",
        "kraken_import.client.requests.UnableToSendTaskParams",
        "transforms.additions.BadAddition",
        "transforms.assemble.FrameContractBroken",
        "transforms.database.UnableToQuery",
        "transforms.project.BadProject",
        "transforms.rules.engine.RuleBroken",
    }
)
"""Faults that another try cannot fix."""

PASSING: Final = frozenset(
    {
        "kraken_import.usecases.faults.Retryable",
        "transforms.database.DatabaseInterrupted",
        "sqlalchemy.exc.OperationalError",
        # A connection that was closed while in use, and a pool all of whose connections hang.
        "sqlalchemy.exc.InterfaceError",
        "sqlalchemy.exc.TimeoutError",
    }
)
"""Faults that pass by themselves. Both by import path, so that reading the DAGs does not import them."""

SURPRISES: Final = 3
"""Retries after a fault that is not listed here."""

_SHORTEST: Final = 5.0
_LONGEST: Final = 60.0
_JITTER: Final = 0.75
_KILLS: Final = 10
"""Retries beyond those of the policy, for tasks that were killed meanwhile."""
_NEW_AFTER: Final = timedelta(minutes=5)
"""A try that lasted this long made progress: what ended it is another outage, with its full patience."""
_KEY: Final = "tries"
_UNREACHABLE: Final = (AirflowRuntimeError, OSError, EOFError)
"""What a task meets when it cannot reach Airflow's API server, through its supervisor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTries:
    """The earlier tries of a task: since when it waits, how often it has, and unexpected faults."""

    first_try: int
    since: str | None = None
    waits: int = 0
    surprises: int = 0


class PatientRetryPolicy(RetryPolicy):
    """Fails at once on a permanent fault, waits for a temporary one, and retries any other a few times."""

    def __init__(self, *, patience: timedelta) -> None:
        self.patience = patience

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Any = None,
    ) -> RetryDecision:
        """Return whether and when the task is retried, with the sentence that its log shows."""
        ti = (context or {}).get("ti")
        retries = int(getattr(getattr(ti, "task", None), "retries", 0) or 0)
        store = (context or {}).get("task_state_store")
        decision, tries = decide(
            exception=exception,
            # Tries before the run was last cleared no longer count.
            before=_read(store=store, first_try=max_tries - retries + 1),
            began=getattr(ti, "start_date", None),
            patience=self.patience,
            now=datetime.now(tz=UTC),
        )
        _write(store=store, tries=tries)
        return decision

    def serialize(self) -> dict[str, Any]:
        """Return the policy as plain values."""
        return {"patience": self.patience.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> PatientRetryPolicy:
        """Return the policy from the values of `serialize`."""
        return cls(patience=timedelta(seconds=data["patience"]))


def decide(
    *, exception: BaseException, before: TaskTries, began: datetime | None, patience: timedelta, now: datetime
) -> tuple[RetryDecision, TaskTries]:
    """Return what follows from a fault that ended a try, and what later tries have to know of it.

    `began` is when the try began, or None where that is unknown.
    """
    # What took an unforeseen error's place names its class.
    name = getattr(exception, "kind", type(exception).__name__)
    kinds = {f"{each.__module__}.{each.__qualname__}" for each in type(exception).__mro__}
    if kinds & PERMANENT:
        reason = f"{name} does not pass by itself: mend what the error above says, then clear the task."
        return RetryDecision.fail(reason), before
    if kinds & PASSING or _lost_database(exception) or _lost_api_server(exception):
        return _wait(name=name, before=before, began=began, patience=patience, now=now)
    return _surprised(name=name, before=before, now=now)


def retries_of(*, patience: timedelta) -> int:
    """Return the retries a task needs for the policy to use up its patience, and a few for killed tries."""
    waited, waits = timedelta(), 0
    while waited < patience:
        waited += _bounds(waits=waits)[0]
        waits += 1
    return waits + SURPRISES + _KILLS


def _wait(
    *, name: str, before: TaskTries, began: datetime | None, patience: timedelta, now: datetime
) -> tuple[RetryDecision, TaskTries]:
    since, waits = now, 0
    if before.since is not None and (began is None or now - began < _NEW_AFTER):
        since, waits = datetime.fromisoformat(before.since), before.waits
    after = replace(before, since=since.isoformat(), waits=waits + 1)
    delay, until = _delay(waits=waits), since + patience
    if now + delay > until:
        return RetryDecision.fail(
            f"{name} has not passed in {patience.total_seconds() / 60:g} minutes: mend what the error above "
            "says, then clear the task."
        ), after
    return RetryDecision.retry(
        delay, f"{name} passes by itself: tried again at {now + delay:%H:%M:%S}, until {until:%H:%M:%S} UTC."
    ), after


def _surprised(*, name: str, before: TaskTries, now: datetime) -> tuple[RetryDecision, TaskTries]:
    after = replace(before, surprises=before.surprises + 1)
    left = SURPRISES - before.surprises
    if left <= 0:
        return RetryDecision.fail(
            f"{name} is unexpected and has come back after {SURPRISES} more tries: mend what the error above "
            "says, then clear the task."
        ), after
    delay = _delay(waits=before.surprises)
    return RetryDecision.retry(
        delay, f"{name} is unexpected: tried again at {now + delay:%H:%M:%S} UTC, {left} times at most."
    ), after


def _delay(*, waits: int) -> timedelta:
    shortest, longest = _bounds(waits=waits)
    # Tasks that one outage has ended must not all come back in the same second.
    return timedelta(seconds=random.uniform(shortest.total_seconds(), longest.total_seconds()))


def _bounds(*, waits: int) -> tuple[timedelta, timedelta]:
    longest = min(_LONGEST, _SHORTEST / _JITTER * 2 ** min(waits, 10))
    return timedelta(seconds=longest * _JITTER), timedelta(seconds=longest)


def _lost_database(exception: BaseException) -> bool:
    """Return whether a statement ended with its connection, whatever class the driver chose for that."""
    return getattr(exception, "connection_invalidated", False) is True


def _lost_api_server(exception: BaseException) -> bool:
    """Return whether Airflow's own API server did not answer the task, or answered that it is unwell."""
    if not isinstance(exception, AirflowRuntimeError):
        return False
    error = exception.error
    status = (error.detail or {}).get("status_code")
    is_server = error.error in (ErrorType.API_SERVER_ERROR, ErrorType.GENERIC_ERROR)
    return is_server and (status is None or int(status) >= 500)


def _read(*, store: Any, first_try: int) -> TaskTries:
    found = None
    with suppress(*_UNREACHABLE):
        found = None if store is None else store.get(_KEY)
    if isinstance(found, dict) and found.get("first_try") == first_try:
        return TaskTries(**found)
    return TaskTries(first_try=first_try)


def _write(*, store: Any, tries: TaskTries) -> None:
    if store is not None:
        # Without Airflow's API server the task is still retried: its own retries limit that.
        with suppress(*_UNREACHABLE):
            store.set(_KEY, asdict(tries))
