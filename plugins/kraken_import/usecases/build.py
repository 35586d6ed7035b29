"""Builds the payloads of a batch from one snapshot of the legacy database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import REFUSED, UNDONE
from kraken_import.tracking import frame_rows, money, processes, progress, purge, reruns, shared_values, waves
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.money import RecordMoney
from kraken_import.tracking.processes import BuiltRecord
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.shared_values import SharedValue
from kraken_import.tracking.vault import key_of
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.calling import batch_counts, refuse_if_stopped
from kraken_import.usecases.configured import configured_values
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.holds import hold
from kraken_import.usecases.systems import BuildSystems
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import Extract, extract
from transforms.registry import get_dialect


def payload_settings(
    *, dialect: Dialect, kraken: KrakenSettings, now: datetime, import_supplier: str | None = None
) -> BuildSettings:
    """Return what a Connection sets for payloads. Raises `BadRequest` for words it cannot mean."""
    return BuildSettings(
        import_supplier=import_supplier
        or kraken.import_suppliers.get(dialect.name, dialect.default_import_supplier),
        today=now.astimezone(ZoneInfo(kraken.zone or dialect.zone)).date(),
        zone=kraken.zone,
        region=kraken.region,
        values=configured_values(dialect=dialect, kraken=kraken),
    )


def build_batch(*, systems: BuildSystems, ref: BatchRef) -> dict[str, int]:
    """Build every unfinished record of a batch: not refused, and without a create that may be outstanding.

    Returns the batch's records by state. A repeated call builds again, so that a correction in the legacy
    database is picked up. Refused records are built once a backfill has opened the wave again, and by a
    rerun, which builds only its own records and opens those that Kraken ended again, each of them once.
    Raises `SystemicFault` for a stopped wave or rerun, `BadRequest` for a purged wave, and
    `UnableToUseKeys` where its key does not open. With `writeback`
    the legacy system is first told to hold the customers, so that nothing changes between the snapshot and
    their end.
    """
    now = systems.clock()
    with systems.tracking.connect() as connection:
        wave = reruns.load_wave(connection=connection, ref=ref.wave)
        if ref.rerun is not None:
            # A record that Kraken has ended must keep that end where it cannot be created again.
            refuse_if_stopped(wave=wave)
        _refuse_purged(connection=connection, wave=wave)
        digest_key = key_of(connection=connection, wave_id=wave.id).digest_key
        states = UNDONE | REFUSED if wave.takes_refused and ref.rerun is None else UNDONE
        records = processes.in_states(connection=connection, ref=ref, states=states)
        counts = progress.batch_states(connection=connection, wave_id=ref.wave_id, batch=ref.batch)
        left_out = sum(counts.get(state, 0) for state in REFUSED - states)
    if systems.writeback is not None:
        hold(
            tracking=systems.tracking,
            writeback=systems.writeback,
            wave=wave,
            process_ids={identifier: key.id for identifier, key in records.items()},
            now=now,
        )
    if records:
        work = _Work(ref=ref, wave=wave, records=records, left_out=left_out, digest_key=digest_key)
        _build(systems=systems, work=work, now=now)
    with systems.tracking.connect() as connection:
        return batch_counts(connection=connection, ref=ref)


def _refuse_purged(*, connection: Connection, wave: Wave) -> None:
    """Raise `BadRequest` for a wave whose place for payloads has been purged."""
    purged_at = purge.purged_at(connection=connection, wave_id=wave.id)
    if purged_at is not None:
        raise BadRequest(
            f"Wave {wave.name!r} was purged on {purged_at:%Y-%m-%d}: it cannot be built again, so plan a "
            "wave that names the customers."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The records to build of a batch; `left_out` more were refused before."""

    ref: BatchRef
    wave: Wave
    records: Mapping[str, Key]
    left_out: int
    digest_key: bytes = field(repr=False)


def _build(*, systems: BuildSystems, work: _Work, now: datetime) -> None:
    """Read the customers, build their payloads, and record both."""
    ref, wave, records = work.ref, work.wave, work.records
    dialect = get_dialect(name=wave.dialect)
    identifiers = list(records)
    extracted = extract(engine=systems.legacy, dialect=dialect, identifiers=identifiers, with_balances=True)
    settings = payload_settings(
        dialect=dialect, kraken=systems.kraken, now=now, import_supplier=wave.import_supplier
    )
    result = build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=replace(settings, digest_key=work.digest_key),
        unreadable=extracted.unreadable,
    )
    with systems.tracking.begin() as connection:
        recorded = processes.record_build(
            connection=connection,
            ref=ref.wave,
            built=_built(result=result, records=records),
            at=now,
            origin=processes.Origin(watermark=extracted.watermark, airflow_run=wave.run_id),
        )
        process_ids = {each: key.id for each, key in records.items() if key.id in recorded}
        _record_values(connection=connection, ref=ref, result=result, process_ids=process_ids)
        if dialect.money:
            _record_money(
                connection=connection,
                ref=ref,
                result=result,
                extracted=extracted,
                process_ids=process_ids,
            )
        if ref.rerun is None:
            batch: dict[str, Any] = {"connection": connection, "wave_id": ref.wave_id, "batch": ref.batch}
            customers = len(identifiers) + work.left_out
            frame_rows.record(**batch, customers=customers, frames=result.frames)
            waves.record_watermark(**batch, watermark=extracted.watermark, built_at=now)


def _record_money(
    *,
    connection: Connection,
    ref: BatchRef,
    result: BuildResult,
    extracted: Extract,
    process_ids: Mapping[str, int],
) -> None:
    """Record each customer's balances as read and as built."""
    payloads = {payload.external_identifier: payload.balances for payload in result.payloads}
    money.record(
        connection=connection,
        wave_id=ref.wave_id,
        batch=ref.batch,
        money=[
            RecordMoney(
                import_process_id=process_id,
                legacy=extracted.balances.get(identifier, ()),
                payload=payloads.get(identifier),
            )
            for identifier, process_id in process_ids.items()
        ],
    )


def _built(*, result: BuildResult, records: Mapping[str, Key]) -> list[BuiltRecord]:
    """Return the build result of each customer, with its warnings."""
    warnings = {item.external_identifier: item.findings for item in result.warnings}
    bodies = {payload.external_identifier: payload.body for payload in result.payloads}
    refused = {rejection.external_identifier: rejection.findings for rejection in result.rejections}
    return [
        BuiltRecord(
            id=records[each].id,
            attempt=records[each].attempt,
            body=bodies.get(each),
            findings=(*refused.get(each, ()), *warnings.get(each, ())),
        )
        for each in (*bodies, *refused)
    ]


def _record_values(
    *,
    connection: Connection,
    ref: BatchRef,
    result: BuildResult,
    process_ids: Mapping[str, int],
) -> None:
    """Record the digests of values that only one record of a wave may have."""
    shared_values.replace(
        connection=connection,
        wave_id=ref.wave_id,
        built=list(process_ids.values()),
        values=[
            SharedValue(
                import_process_id=process_ids[value.external_identifier],
                digest=value.digest,
                code=value.finding.code,
                path=value.finding.path,
            )
            for value in result.shared
            if value.external_identifier in process_ids
        ],
    )
