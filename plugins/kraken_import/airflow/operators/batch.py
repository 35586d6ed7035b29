"""The steps of a batch: build, validate, create, await."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

import uvloop
from airflow.sdk import Context, TaskInstanceState

from kraken_import.airflow import metrics
from kraken_import.airflow.labels import relabel
from kraken_import.airflow.operators.base import BatchOperator, check
from kraken_import.airflow.triggers import poll_trigger
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.faults import Retryable
from kraken_import.usecases.systems import BuildSystems, database_clock, utc_now
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import BatchOutcome, HoldBack, Why

_STANDING: Final[dict[Why, str]] = {
    "paused": "paused by a person",
    "outage": "Kraken does not answer",
    "throttled": "Kraken takes no more",
    "doubt": "a lost answer is looked up",
}
"""What a batch waits for, as the grid shows it: Airflow's own states know no pause."""


class BuildBatchOperator(BatchOperator):
    """Builds the payloads of a batch."""

    def execute(self, context: Context) -> dict[str, int]:
        """Build."""
        tracking = self.own_tracking()
        return build_batch(
            systems=BuildSystems(
                tracking=tracking,
                kraken=self.hook.get_conn(),
                refresh=self.hook.aget_conn,
                clock=database_clock(engine=tracking),
                legacy=self.legacy(),
                writeback=self.writeback(),
            ),
            ref=self.ref,
        )


class WaitingBatchOperator(BatchOperator):
    """Sends requests about a batch; gives its worker back while Kraken, or a person, keeps it waiting."""

    step = ""
    """What metrics call this step."""

    def __init__(self, *, patience: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patience = patience

    def execute(self, context: Context) -> dict[str, int]:
        """Work until the batch has ended or has to wait."""
        with self.stop_announced(context=context):
            return self._go_on(context=context, until=utc_now() + self.patience)

    def resume(self, context: Context, event: Mapping[str, Any], until: str) -> dict[str, int]:
        """Go on after a wait."""
        with self.stop_announced(context=context):
            check(event=event)
            return self._go_on(context=context, until=datetime.fromisoformat(until))

    @abstractmethod
    def work(self) -> BatchOutcome:
        """Do what can be done now. Returns the batch's records by state, and why it waits."""

    def _go_on(self, *, context: Context, until: datetime) -> dict[str, int]:
        outcome = self.work()
        if outcome.held is not None:
            self._hold_back(context=context, held=outcome.held, until=until)
        metrics.count_records(step=self.step, dialect=self.dialect, counts=outcome.counts)
        return outcome.counts

    def _hold_back(self, *, context: Context, held: HoldBack, until: datetime) -> NoReturn:
        if utc_now() >= until:
            raise Retryable(f"The batch has waited for too long, and is tried again. {held.sentence}")
        self.log.info("%s", held.sentence)
        metrics.count_hold_back(dialect=self.dialect, why=held.why)
        relabel(context=context, standing=f": {_STANDING[held.why]}")
        self.defer(
            trigger=poll_trigger(
                connections=self.connections,
                until=until,
                ref=self.ref.plain,
                why=held.why,
                hold_back=held.seconds,
            ),
            method_name="resume",
            kwargs={"until": until.isoformat()},
        )


class ValidateBatchOperator(WaitingBatchOperator):
    """Has Kraken validate the payloads of a batch."""

    step = "validate"

    def work(self) -> BatchOutcome:
        """Validate."""
        systems = self.systems(tracking=self.own_tracking())
        return uvloop.run(validate_batch(systems=systems, ref=self.ref))


class CreateBatchOperator(WaitingBatchOperator):
    """Creates the valid records of a batch."""

    step = "create"

    def work(self) -> BatchOutcome:
        """Create."""
        systems = self.systems(tracking=self.own_tracking())
        return uvloop.run(create_batch(systems=systems, ref=self.ref))


class AwaitBatchOperator(BatchOperator):
    """Waits without a worker for everything that a batch has open at Kraken to end."""

    def execute(self, context: Context) -> None:
        """Defer until all have ended or the run's patience is over."""
        until = utc_now() + timedelta(minutes=float(context["params"]["await_minutes"]))
        self.defer(
            trigger=poll_trigger(
                connections=self.connections,
                until=until,
                ends_task=True,
                ref=self.ref.plain,
                dialect=self.dialect,
            ),
            method_name="resume",
        )

    def resume(self, context: Context, event: Any) -> None:
        """Handle polling that could not go on: only then, and in `airflow dags test`, is this reached."""
        if event == TaskInstanceState.SUCCESS.value:
            return
        with self.stop_announced(context=context):
            check(event=event)
