"""What the steps that call Kraken share: the wave's own session, and faults that stop the wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.masking import mask_findings
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import evidence, progress, reruns, vault, waves
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.sharing import shared_gate
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Signal
from transforms.answers import INVALID, shared_code
from transforms.findings import Finding

_START_IN_PAST: Final = "schedule_window_start_in_past"
_GO_ON: Final = "then clear the run in Airflow to go on where it stopped"


def wave_for_kraken(*, connection: Connection, ref: WaveRef, kraken: KrakenSettings) -> Wave:
    """Return the wave, as the rerun sees it if there is one, if these settings still lead to its Kraken.

    Raises `SystemicFault` otherwise: its records must not be sent to, or looked up at, another Kraken. The
    same where its key does not open: an answer that could not be kept must not be asked for.
    """
    wave = reruns.load_wave(connection=connection, ref=ref)
    if wave.target_kraken != kraken.target:
        raise SystemicFault(
            code=StopCode.OTHER_KRAKEN,
            reason=(
                f"Connection {wave.connection_id!r} leads to {kraken.target}, but wave {wave.name!r} was "
                f"planned for {wave.target_kraken}: point it back, or plan a new wave."
            ),
        )
    try:
        vault.key_of(connection=connection, wave_id=wave.id)
    except vault.UnableToUseKeys as unable:
        raise SystemicFault(code=StopCode.SEALED, reason=str(unable)) from None
    return wave


@contextmanager
def stopped_when_sealed(*, systems: Systems, wave: Wave) -> Iterator[None]:
    """Stop the wave, or the rerun, where a payload of it does not open: it is not sent, and no other is.

    Raises `SystemicFault` then. No record fails for it.
    """
    try:
        yield
    except vault.UnableToUseKeys as unable:
        fault = SystemicFault(code=StopCode.SEALED, reason=str(unable))
        raise stop(tracking=systems.tracking, wave=wave, fault=fault, now=systems.clock()) from None


def batch_counts(*, connection: Connection, ref: BatchRef) -> dict[str, int]:
    """Count records by state: those of the batch, or of the rerun in it."""
    if ref.rerun is None:
        found = progress.batch_states(connection=connection, wave_id=ref.wave_id, batch=ref.batch)
        return {state.value: records for state, records in found.items()}
    counts: Counter[str] = Counter()
    for way in reruns.ways_in_batch(connection=connection, ref=ref):
        counts[way.state.value] += way.records
    return dict(counts)


def refuse_if_stopped(*, wave: Wave) -> None:
    """Raise `SystemicFault` with the recorded reason when the wave was stopped."""
    if wave.stopped_at is not None:
        what = f"Wave {wave.name!r}" if wave.rerun is None else f"Rerun {wave.rerun}"
        raise SystemicFault(
            code=StopCode(str(wave.stop_code)),
            reason=f"{what} was stopped ({wave.stop_code}): {wave.stop_reason}",
        )


@asynccontextmanager
async def open_session(*, systems: Systems, wave: Wave) -> AsyncIterator[KrakenSession]:
    """Open a session with a share of its Kraken's limits, bounded by the wave's own limit.

    Raises `UnableToUseTracking` if another version of the pipeline keeps the shares.
    """
    most = wave.requests_in_flight or systems.kraken.requests_in_flight
    async with (
        shared_gate(systems=systems, most=most) as gate,
        KrakenSession(
            settings=replace(systems.kraken, requests_in_flight=most),
            refresh=systems.refresh,
            gate=gate,
            clock=systems.clock,
        ) as session,
    ):
        yield session


def fault_of(
    *, signal: Signal, wave: Wave, problem: str | None = None, refusal: Finding | None = None
) -> SystemicFault | None:
    """Return the fault behind answers after which no record of the wave can succeed; None for other answers.

    `problem` says why Kraken accepts no token from signing in, `refusal` what it refuses of the values that
    every record is sent with, where that is known.
    """
    connection = f"Connection {wave.connection_id!r}"
    match signal:
        case Signal.UNAUTHORISED | Signal.MISROUTED if problem is not None:
            reason = f"{problem}, {_GO_ON}."
        case Signal.UNAUTHORISED:
            reason = (
                f"Kraken refused the token of {connection} (401), also after reading it again: "
                f"put a valid token into it, {_GO_ON}."
            )
        case Signal.FORBIDDEN:
            reason = (
                f"Kraken does not allow this to the token of {connection} (403): "
                f"ask for the data-import permission, {_GO_ON}."
            )
        case Signal.SUPPLIER_PAUSED:
            reason = (
                f"Kraken says that the migration of import supplier {wave.import_supplier} is paused "
                f"or complete: have it resumed there, {_GO_ON}."
            )
        case Signal.SUPPLIER_REFUSED | Signal.TASK_PARAMS_REFUSED | Signal.ENVELOPE_REFUSED:
            reason = _shared_refusal(signal=signal, wave=wave, refusal=refusal)
        case Signal.MISROUTED:
            reason = (
                f"{wave.target_kraken} does not answer like a data-import API: "
                f"check the host of {connection}, {_GO_ON}."
            )
        case _:
            return None
    return SystemicFault(code=StopCode(signal.value), reason=reason)


def _shared_refusal(*, signal: Signal, wave: Wave, refusal: Finding | None) -> str:
    """Explain why a value that every record is sent with stops the wave, and what a person must do."""
    connection, told = f"Connection {wave.connection_id!r}", _told(refusal)
    match signal:
        case Signal.SUPPLIER_REFUSED:
            return (
                f"Kraken refuses import supplier {wave.import_supplier}{told}: have it set up there, "
                f"{_GO_ON}; or cancel the wave, and plan it with the import supplier that Kraken knows, in "
                f"its form or under import_suppliers in {connection}."
            )
        case Signal.TASK_PARAMS_REFUSED if refusal is not None and refusal.code == _START_IN_PAST:
            return (
                f"By Kraken's clock the schedule window has begun already{told}: wait until it has here, "
                f"{_GO_ON}."
            )
        case Signal.TASK_PARAMS_REFUSED:
            return (
                f"Kraken refuses the mode or the schedule window that creates are sent with{told}: cancel "
                "the wave, and plan what is left with another mode, or with another schedule_window_start "
                "and schedule_window_end, in its form."
            )
        case _:
            return (
                f"Kraken does not find what it is sent where {connection} puts it{told}: change its envelope "
                f"from wrapped to bare, or back, {_GO_ON}."
            )


def _told(refusal: Finding | None) -> str:
    """Return code and path of a refusal, without its sentence, in which Kraken may repeat anything."""
    if refusal is None:
        return ""
    code = shared_code(detail=refusal.detail) if refusal.code == INVALID else refusal.code
    (masked,) = mask_findings([replace(refusal, code=code or INVALID)], None)
    place = f"at {masked.path}" if masked.path else ""
    return f" ({' '.join(filter(None, (code and masked.code, place)))})" if code or place else ""


def stop(*, tracking: Engine, wave: Wave, fault: SystemicFault, now: datetime) -> SystemicFault:
    """Record that the wave, or else the rerun, may create nothing more. Returns the fault, to be raised."""
    if wave.rerun is None:
        fault.stopped_now = waves.stop_wave(
            engine=tracking, wave_id=wave.id, code=fault.code, reason=fault.reason, at=now
        )
    else:
        reruns.stop_rerun(engine=tracking, rerun=wave.rerun, code=fault.code, reason=fault.reason, at=now)
    return fault


def raw(*, exchange: Exchange) -> evidence.Answer:
    """Return what is kept of an exchange."""
    return evidence.Answer(http_status=exchange.http_status, body=exchange.body)
