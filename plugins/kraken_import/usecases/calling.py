"""What the steps that call Kraken share: the wave's own session, and faults that stop the wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection, Engine

from kraken_import.client.answers import (
    Answer,
    Forbidden,
    Misrouted,
    SupplierPaused,
    Unauthorised,
)
from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import State
from kraken_import.tracking import evidence, progress, reruns, waves
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.faults import SystemicFault

Refresh: TypeAlias = Callable[[], Awaitable[KrakenSettings]]
"""Reads the Connection again, after Kraken refused its token."""

Clock: TypeAlias = Callable[[], datetime]

_GO_ON: Final = "then clear the run in Airflow to go on where it stopped"


def utc_now() -> datetime:
    """The present, with its offset."""
    return datetime.now(UTC)


def wave_for_kraken(
    *, connection: Connection, wave_id: int, kraken: KrakenSettings, rerun_id: int | None = None
) -> Wave:
    """The wave, as the rerun sees it if there is one, when these settings still lead to its Kraken.

    Raises `SystemicFault` otherwise: its records must not be sent to, or looked up at, another Kraken.
    """
    wave = reruns.load_wave(connection=connection, wave_id=wave_id, rerun_id=rerun_id)
    if wave.target_kraken != kraken.target:
        raise SystemicFault(
            code="other_kraken",
            reason=(
                f"Connection {wave.connection_id!r} leads to {kraken.target}, but wave {wave.name!r} was "
                f"planned for {wave.target_kraken}: point it back, or plan a new wave."
            ),
        )
    return wave


def batch_counts(
    *, connection: Connection, wave_id: int, batch: int, rerun_id: int | None
) -> dict[State, int]:
    """Records by state: those of the batch, or of the rerun in it."""
    if rerun_id is None:
        return progress.batch_states(connection=connection, wave_id=wave_id, batch=batch)
    counts: Counter[State] = Counter()
    for way in reruns.ways(connection=connection, rerun_id=rerun_id, wave_id=wave_id, batch=batch):
        counts[way.state] += way.records
    return dict(counts)


def refuse_if_stopped(*, wave: Wave) -> None:
    """Raise `SystemicFault` with the recorded reason when the wave was stopped."""
    if wave.stopped_at is not None:
        what = f"Wave {wave.name!r}" if wave.rerun_id is None else f"Rerun {wave.rerun_id}"
        raise SystemicFault(
            code=wave.stop_code or "stopped", reason=f"{what} was stopped: {wave.stop_reason}"
        )


def open_session(*, kraken: KrakenSettings, refresh: Refresh, wave: Wave) -> KrakenSession:
    """A session for one task, with the wave's own number of requests in flight where it has one."""
    in_flight = wave.requests_in_flight or kraken.requests_in_flight
    return KrakenSession(settings=replace(kraken, requests_in_flight=in_flight), refresh=refresh)


def fault_of(*, answer: Answer, wave: Wave) -> SystemicFault | None:
    """The fault behind an answer after which no record of the wave can succeed."""
    connection = f"Connection {wave.connection_id!r}"
    match answer:
        case Unauthorised():
            return SystemicFault(
                code="unauthorised",
                reason=f"Kraken refused the token of {connection} (401), also after reading it again: "
                f"put a valid token into it, {_GO_ON}.",
            )
        case Forbidden():
            return SystemicFault(
                code="forbidden",
                reason=f"Kraken does not allow this to the token of {connection} (403): "
                f"ask for the data-import permission, {_GO_ON}.",
            )
        case SupplierPaused():
            return SystemicFault(
                code="import_supplier_migration_not_ongoing",
                reason=f"Kraken says that the migration of import supplier {wave.import_supplier} is paused "
                f"or complete: have it resumed there, {_GO_ON}.",
            )
        case Misrouted():
            return SystemicFault(
                code="misrouted",
                reason=f"{wave.target_kraken} does not answer like a data-import API: "
                f"check the host of {connection}, {_GO_ON}.",
            )
        case _:
            return None


def unreachable(*, wave: Wave) -> SystemicFault:
    """The fault of a Kraken that answers none of the requests."""
    return SystemicFault(
        code="kraken_unreachable",
        reason=f"Kraken at {wave.target_kraken} gave no usable answer to any request: "
        f"check the host and the network, {_GO_ON}.",
    )


def stop(*, tracking: Engine, wave: Wave, fault: SystemicFault, now: datetime) -> SystemicFault:
    """Record that the wave, or else the rerun, may create nothing more; the fault, to be raised."""
    if wave.rerun_id is None:
        fault.stopped_now = waves.stop_wave(
            engine=tracking, wave_id=wave.id, code=fault.code, reason=fault.reason, at=now
        )
    else:
        reruns.stop_rerun(
            engine=tracking, rerun_id=wave.rerun_id, code=fault.code, reason=fault.reason, at=now
        )
    return fault


def raw(*, exchange: Exchange) -> evidence.Answer:
    """What is kept of an exchange."""
    return evidence.Answer(http_status=exchange.http_status, body=exchange.body)
