"""The triggers that wait without a worker: for what is open at Kraken, and for an answer at a gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from airflow.observability import stats as triggerer_stats
from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk import BaseHook, Connection
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent
from sqlalchemy import Engine

from kraken_import.airflow import metrics
from kraken_import.airflow.connections import ConnectionIds, open_engine
from kraken_import.airflow.fitting import while_it_fits
from kraken_import.airflow.hook import KrakenHook
from kraken_import.airflow.identity import keep, kept
from kraken_import.airflow.quiet import without_values
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.poll import poll
from kraken_import.usecases.poll_open import poll_open
from kraken_import.usecases.poller import HICCUPS, TRY_AGAIN_AFTER
from kraken_import.usecases.systems import Systems, connected, utc_now
from kraken_import.usecases.waiting import Why
from kraken_import.usecases.waits import Resumption
from kraken_import.usecases.withdrawal import is_withdrawn, rerun_is_withdrawn


class PollTrigger(BaseTrigger):
    """Polls until everything in `ref` has ended, `until` has passed, or the batch may go on creating.

    `ref` is a plain `BatchRef`; without one it polls every open process. `why` and `hold_back` say what a
    batch waits for, and for how many seconds at least. It yields counts only, once: as the end of the task
    when `ends_task` is set and all went well, otherwise for the operator to read. `dialect` is what its
    records count for in metrics. May run twice.
    """

    def __init__(
        self,
        *,
        kraken_conn_id: str,
        tracking_conn_id: str,
        until: str,
        ref: Mapping[str, int] | None = None,
        why: Why | None = None,
        hold_back: float = 0.0,
        ends_task: bool = False,
        dialect: str = "",
    ) -> None:
        super().__init__()
        self.kraken_conn_id = kraken_conn_id
        self.tracking_conn_id = tracking_conn_id
        self.until = until
        self.ref = ref
        self.why = why
        self.hold_back = hold_back
        self.ends_task = ends_task
        self.dialect = dialect

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them plain values."""
        names = (
            "kraken_conn_id",
            "tracking_conn_id",
            "until",
            "ref",
            "why",
            "hold_back",
            "ends_task",
            "dialect",
        )
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {name: getattr(self, name) for name in names},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll, and yield one event."""
        until = datetime.fromisoformat(self.until)
        while True:
            try:
                with without_values():
                    counts = await self._poll(until)
            except SystemicFault as fault:
                yield TriggerEvent(
                    {"fault": fault.code, "reason": fault.reason, "stopped_now": fault.stopped_now}
                )
                return
            except UnableToUseTracking as refused:
                # A trigger that fails does not tell its task why.
                yield TriggerEvent({"refused": str(refused)})
                return
            except HICCUPS as hiccup:
                # A failure to poll says nothing about the imports.
                self.log.warning("Could not poll (%s): trying again.", type(hiccup).__name__)
                if utc_now() >= until:
                    yield TriggerEvent({"gave_up": type(hiccup).__name__})
                    return
                await asyncio.sleep(TRY_AGAIN_AFTER)
                continue
            if self.ends_task:
                metrics.count_records(
                    step="await", dialect=self.dialect, counts=counts, through=triggerer_stats
                )
            yield (
                TaskSuccessEvent(xcoms={"return_value": {**counts}})
                if self.ends_task
                else TriggerEvent(counts)
            )
            return

    async def _poll(self, until: datetime) -> dict[str, int]:
        tracking = await self._tracking()
        hook = KrakenHook(kraken_conn_id=self.kraken_conn_id)
        kraken = await hook.aget_conn()
        systems = await asyncio.to_thread(
            lambda: connected(tracking=tracking, kraken=kraken, refresh=hook.aget_conn)
        )
        async with kept(tracking=tracking):
            return await while_it_fits(tracking=tracking, work=lambda: self._ask(systems, until))

    async def _ask(self, systems: Systems, until: datetime) -> dict[str, int]:
        if self.ref is None:
            return await poll_open(systems=systems, connection_id=self.kraken_conn_id, until=until)
        return await poll(
            systems=systems,
            ref=BatchRef.read(values=self.ref),
            until=until,
            resumption=None if self.why is None else Resumption(why=self.why, seconds=self.hold_back),
            connection_id=self.kraken_conn_id,
        )

    async def _tracking(self) -> Engine:
        connection = await BaseHook.aget_connection(self.tracking_conn_id)
        return await asyncio.to_thread(lambda: open_engine(connection=connection, is_tracking=True))


class QuestionTrigger(HITLTrigger):
    """Waits for the answer to a question at a gate, as Airflow's own trigger does, and for a stop.

    Once the wave, or the rerun, has been stopped the question is closed as if its time were up, so that it
    can no longer be answered; the operator reads in the tracking database what that means. May run twice.
    """

    def __init__(
        self,
        *,
        tracking_conn_id: str,
        wave_id: int | None = None,
        rerun: int | None = None,
        poke_interval: float = 2.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.tracking_conn_id = tracking_conn_id
        self.wave_id = wave_id
        self.rerun = rerun

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        _, arguments = super().serialize()
        mine = {"tracking_conn_id": self.tracking_conn_id, "wave_id": self.wave_id, "rerun": self.rerun}
        return f"{type(self).__module__}.{type(self).__qualname__}", {**arguments, **mine}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield the answer, or the default one."""
        while True:
            # An answer that came before the task was deferred does not resume it by itself.
            event = await self._handle_response()
            if event is None and (self._is_over() or await self._is_withdrawn()):
                event = await self._handle_timeout()
            if event is not None:
                yield event
                return
            await asyncio.sleep(self.poke_interval)

    def _is_over(self) -> bool:
        return self.timeout_datetime is not None and self.timeout_datetime <= utc_now()

    async def _is_withdrawn(self) -> bool:
        try:
            with without_values():
                connection = await BaseHook.aget_connection(self.tracking_conn_id)
                return await asyncio.to_thread(self._look, connection)
        except (*HICCUPS, UnableToUseTracking) as hiccup:
            # A person can still answer. The task that goes on with the answer says which schema is there.
            self.log.warning("Could not look for a stop (%s): trying again.", type(hiccup).__name__)
            return False

    def _look(self, connection: Connection) -> bool:
        tracking = open_engine(connection=connection, is_tracking=True)
        keep(tracking=tracking)
        if self.rerun is not None:
            return rerun_is_withdrawn(tracking=tracking, rerun=self.rerun)
        return self.wave_id is not None and is_withdrawn(tracking=tracking, wave_id=self.wave_id)


def poll_trigger(*, connections: ConnectionIds, until: datetime, **scope: Any) -> PollTrigger:
    """Return a trigger for these Connections."""
    return PollTrigger(
        kraken_conn_id=connections.kraken,
        tracking_conn_id=connections.tracking,
        until=until.isoformat(),
        **scope,
    )
