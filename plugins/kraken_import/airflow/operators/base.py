"""What the operators share: the Connections of a task, the run that it belongs to, and its batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from airflow.sdk import BaseOperator, Context
from sqlalchemy import Engine

from kraken_import.airflow.connections import (
    ConnectionIds,
    database,
    may_write_back,
)
from kraken_import.airflow.hook import KrakenHook
from kraken_import.airflow.identity import held
from kraken_import.airflow.notifications import stop_announced, tell
from kraken_import.airflow.quiet import QuietOperator
from kraken_import.domain.stops import StopCode
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.announce import Moment, announce
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.systems import Systems, connected
from kraken_import.usecases.wave_request import AirflowRun

_FAILED = ("failed", "upstream_failed")


class MigrationOperator(QuietOperator, BaseOperator):
    """Base of all operators: provides the Connections, opened only when a task runs."""

    def __init__(self, *, connections: ConnectionIds, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connections = connections

    def tracking(self) -> Engine:
        """The tracking database."""
        return database(connection_id=self.connections.tracking, is_tracking=True)

    def own_tracking(self) -> Engine:
        """The tracking database, claimed for this Airflow. Raises `OtherInstallation` if another holds it."""
        return held(tracking=self.tracking())

    def legacy(self) -> Engine:
        """The legacy database."""
        return database(connection_id=self.connections.legacy)

    def writeback(self) -> Engine | None:
        """The legacy database under the role that may hold customers; None unless holds are switched on."""
        return database(connection_id=self.connections.legacy_writeback) if may_write_back() else None

    def systems(self, *, tracking: Engine) -> Systems:
        """Return this tracking database and Kraken, with the database's clock."""
        return connected(tracking=tracking, kraken=self.hook.get_conn(), refresh=self.hook.aget_conn)

    @property
    def hook(self) -> KrakenHook:
        """The hook for Kraken."""
        return KrakenHook(kraken_conn_id=self.connections.kraken)

    def tell(self, *, context: Context, wave_id: int, moment: Moment, failure: str | None = None) -> None:
        """Tell people about a moment of a wave."""
        tell(
            context=context,
            announcement=lambda: announce(
                tracking=self.tracking(), wave_id=wave_id, moment=moment, failure=failure
            ),
        )


class BatchOperator(MigrationOperator):
    """Works on one batch: `batch` is a plain `BatchRef`."""

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: Any, dialect: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        self.dialect = dialect

    @property
    def ref(self) -> BatchRef:
        """The wave, batch and rerun as the use cases name them."""
        return BatchRef.read(values=self.batch)

    def stop_announced(self, *, context: Context) -> AbstractContextManager[None]:
        """Tell people if the wave is stopped in this context."""
        return stop_announced(
            context=context,
            announcement=lambda fault: announce(
                tracking=self.tracking(),
                wave_id=self.ref.wave_id,
                moment="stop",
                failure=fault.reason,
            ),
        )


def run_of(*, context: Context) -> AirflowRun:
    run = context["dag_run"]
    return AirflowRun(
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=run.run_type.value,
        logical_date=run.logical_date,
        requested_by=getattr(run, "triggering_user_name", None),
        cleared=run.clear_number,
    )


def failed_tasks(*, context: Context, run: AirflowRun, task: BaseOperator) -> list[str]:
    states = context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])[run.run_id]
    # Later tasks may have failed in an earlier try of the run.
    mine = {task.task_id, *task.downstream_task_ids}
    return [name for name, state in states.items() if state in _FAILED and name not in mine]


def check(*, event: Mapping[str, Any]) -> None:
    """Check a trigger's event before anything follows from it."""
    if "fault" in event:
        raise SystemicFault(
            code=StopCode(event["fault"]),
            reason=str(event["reason"]),
            stopped_now=bool(event.get("stopped_now")),
        )
    if "refused" in event:
        raise UnableToUseTracking(str(event["refused"]))
    if "gave_up" in event:
        raise Retryable("Polling could not be done in time: it is tried again.")
    if "open" not in event:
        raise ValueError("The trigger returned an unknown event.")
