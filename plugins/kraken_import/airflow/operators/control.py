"""A person's orders: pause, resume, cancel, stop everything, decide about records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow.sdk import BaseOperator, Context
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from kraken_import.airflow.connections import (
    database,
)
from kraken_import.airflow.hook import KrakenHook
from kraken_import.airflow.quiet import QuietOperator
from kraken_import.domain.orders import Order
from kraken_import.usecases.control import UnknownKraken, UnknownWave, control_wave, is_known, stop_all
from kraken_import.usecases.decide import connection_of, decide, tell_refusal
from kraken_import.usecases.faults import BadRequest, Retryable
from kraken_import.usecases.selections import customers_in_wave
from kraken_import.usecases.systems import connected, utc_now
from transforms.database import DatabaseInterrupted

_OF_DECIDE: Final = ("identifiers", "selection", "answer")


class ControlWaveOperator(QuietOperator, BaseOperator):
    """Pauses, resumes or cancels the wave of the run's parameters, decides on its records, or stops all."""

    def __init__(self, *, tracking_ids: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tracking_ids = tuple(tracking_ids)

    def execute(self, context: Context) -> str:
        """Carry out the order where the wave is tracked, or stop everything in each."""
        params = context["params"]
        decides = params["action"] == "decide"
        if not decides and any(params.get(name) for name in _OF_DECIDE):
            raise BadRequest("Only decide takes records and an answer: leave them empty, or choose decide.")
        if params["action"] == "stop_all":
            return self._stop_all(context=context)
        if params["kraken"]:
            raise BadRequest("Only stop_all takes a Kraken: leave it empty, and name the wave.")
        tracking = self._tracking(wave=params["wave"] or "", named=params.get("tracking"))
        if not decides:
            return control_wave(
                tracking=tracking,
                wave=params["wave"] or "",
                action=params["action"],
                order=_order(context=context),
            )
        try:
            return _decide(tracking=tracking, params=params, order=_order(context=context))
        except BadRequest as refusal:
            tell_refusal(tracking=tracking, run_id=context["run_id"], sentence=str(refusal))
            raise

    def _tracking(self, *, wave: str, named: str | None) -> Engine:
        """Return the database that tracks the wave: the one that is named, or the only one that has it."""
        if named is not None and named not in self.tracking_ids:
            raise BadRequest(f"Tracking is one of {', '.join(self.tracking_ids)}, not {named!r}.")
        ids = self.tracking_ids if named is None else (named,)
        if len(ids) == 1:
            return database(connection_id=ids[0], is_tracking=True)
        having: list[str] = []
        failures: list[Exception] = [UnknownWave("No Connection to a tracking database is known.")]
        for connection_id in ids:
            try:
                if is_known(tracking=database(connection_id=connection_id, is_tracking=True), wave=wave):
                    having.append(connection_id)
            except BadRequest as unknown:
                failures.append(unknown)
            except (Retryable, DatabaseInterrupted, OperationalError) as unreachable:
                # One that cannot be reached does not keep the wave of another from being stopped.
                failures.append(unreachable)
        if len(having) > 1:
            raise BadRequest(
                f"Each of the tracking databases {', '.join(having)} has a wave {wave!r}: name the one that "
                "is meant as tracking."
            )
        if not having:
            raise failures[-1]
        return database(connection_id=having[0], is_tracking=True)

    def _stop_all(self, *, context: Context) -> str:
        params = context["params"]
        if params["wave"]:
            raise BadRequest("stop_all stops every wave: leave the wave empty, or choose cancel to stop one.")
        said: list[str] = []
        failures: list[Exception] = []
        for connection_id in self.tracking_ids:
            try:
                said.append(
                    stop_all(
                        tracking=database(connection_id=connection_id),
                        kraken=params["kraken"],
                        order=_order(context=context),
                    )
                )
            except UnknownKraken as unknown:
                failures.append(unknown)
            except (Retryable, DatabaseInterrupted, OperationalError) as unreachable:
                # Stop everything that can be stopped before this task is retried for the rest.
                failures.insert(0, unreachable)
        for sentence in said:
            self.log.info("%s", sentence)
        if failures and (not said or not isinstance(failures[0], UnknownKraken)):
            raise failures[0]
        return " ".join(said)


def _order(*, context: Context) -> Order:
    by = context["dag_run"].triggering_user_name or f"run {context['run_id']}"
    return Order(by=by, reason=context["params"]["reason"], at=utc_now())


def _decide(*, tracking: Engine, params: Mapping[str, Any], order: Order) -> str:
    """Decide as the run's parameters say. Returns one sentence on what follows. Raises `BadRequest`."""
    wave = params["wave"] or ""
    hook = KrakenHook(kraken_conn_id=connection_of(tracking=tracking, wave=wave))
    return asyncio.run(
        decide(
            systems=connected(tracking=tracking, kraken=hook.get_conn(), refresh=hook.aget_conn),
            wave=wave,
            identifiers=_identifiers(tracking=tracking, wave=wave, params=params),
            answer=params["answer"] or "",
            order=order,
        )
    )


def _identifiers(*, tracking: Engine, wave: str, params: Mapping[str, Any]) -> Sequence[str]:
    """Return the customers whom the run names, or those of its selection. Raises `BadRequest`."""
    if params.get("selection") is None:
        return params["identifiers"] or ()
    if params["identifiers"]:
        raise BadRequest("Give either records or a selection of them, not both.")
    return customers_in_wave(tracking=tracking, selection=params["selection"], wave=wave)
