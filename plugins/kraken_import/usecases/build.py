"""Builds the payloads of a batch, block by block, each from one snapshot of the legacy database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final
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
from transforms.frame_rows import FrameRows, added
from transforms.registry import get_dialect

BLOCK: Final = 1_000
"""Customers that are read, built and recorded at a time: what a task keeps in memory grows with them."""


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
    rerun, which builds only its own records and opens those that Kraken ended again, each of them once. What
    was refused by a build that broke off before the batch's end is built again too, so that its repetition
    ends as it would have. Raises `SystemicFault` for a stopped rerun, `BadRequest` for a purged wave, and
    `UnableToUseKeys` where its key does not open. With `writeback` the legacy system is told to hold the
    customers of a block before it is read, so that nothing changes between the snapshot and their end.
    """
    work = _begin(systems=systems, ref=ref)
    done: _Done | None = None
    for block in _blocks(records=work.records):
        done = _build(systems=systems, work=work, block=block, done=done)
    with systems.tracking.connect() as connection:
        return batch_counts(connection=connection, ref=ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The records to build of a batch, in their order; `left_out` more were refused before."""

    ref: BatchRef
    wave: Wave
    dialect: Dialect
    records: Mapping[str, Key]
    left_out: int
    digest_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Records that are built and recorded together."""

    records: Mapping[str, Key]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _BuiltBlock:
    """A block as it was read and built."""

    block: _Block
    extracted: Extract
    result: BuildResult
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What the blocks of a batch delivered so far; `watermark` is the time of the earliest snapshot."""

    frames: Sequence[FrameRows]
    watermark: datetime
    at: datetime

    @classmethod
    def after(cls, *, built: _BuiltBlock, before: _Done | None) -> _Done:
        """Return what is delivered once this block is built too."""
        frames, watermark = built.result.frames, built.extracted.watermark
        if before is None:
            return cls(frames=frames, watermark=watermark, at=built.at)
        return cls(
            frames=added((before.frames, frames)), watermark=min(before.watermark, watermark), at=built.at
        )


def _begin(*, systems: BuildSystems, ref: BatchRef) -> _Work:
    """Return what there is to build. Raises as `build_batch` does."""
    unfinished: Mapping[str, Key] = {}
    with systems.tracking.connect() as connection:
        wave = _wave_to_build(connection=connection, ref=ref)
        digest_key = key_of(connection=connection, wave_id=wave.id).digest_key
        states = UNDONE | REFUSED if wave.takes_refused and ref.rerun is None else UNDONE
        records = processes.in_states(connection=connection, ref=ref, states=states)
        counts = progress.batch_states(connection=connection, wave_id=ref.wave_id, batch=ref.batch)
        if ref.rerun is None and states == UNDONE:
            unfinished = processes.refused_unfinished(connection=connection, ref=ref)
    return _Work(
        ref=ref,
        wave=wave,
        dialect=get_dialect(name=wave.dialect),
        records=dict(sorted({**records, **unfinished}.items(), key=lambda record: record[1].id)),
        left_out=sum(counts.get(state, 0) for state in REFUSED - states) - len(unfinished),
        digest_key=digest_key,
    )


def _wave_to_build(*, connection: Connection, ref: BatchRef) -> Wave:
    """Return the wave. Raises `SystemicFault` for a stopped rerun, `BadRequest` for a purged wave."""
    wave = reruns.load_wave(connection=connection, ref=ref.wave)
    if ref.rerun is not None:
        # A record that Kraken has ended must keep that end where it cannot be created again.
        refuse_if_stopped(wave=wave)
    _refuse_purged(connection=connection, wave=wave)
    return wave


def _refuse_purged(*, connection: Connection, wave: Wave) -> None:
    """Raise `BadRequest` for a wave whose place for payloads has been purged."""
    purged_at = purge.purged_at(connection=connection, wave_id=wave.id)
    if purged_at is not None:
        raise BadRequest(
            f"Wave {wave.name!r} was purged on {purged_at:%Y-%m-%d}: it cannot be built again, so plan a "
            "wave that names the customers."
        )


def _blocks(*, records: Mapping[str, Key]) -> Iterator[_Block]:
    """Divide the records of a batch, in their order, so that the memory of a build does not grow with it."""
    left = iter(records.items())
    for begun in range(0, len(records), BLOCK):
        yield _Block(records=dict(islice(left, BLOCK)), is_last=begun + BLOCK >= len(records))


def _build(*, systems: BuildSystems, work: _Work, block: _Block, done: _Done | None) -> _Done:
    """Build and record a block in one transaction. Returns what is done then."""
    if done is not None:
        with systems.tracking.connect() as connection:
            _wave_to_build(connection=connection, ref=work.ref)
    built = _built_block(systems=systems, work=work, block=block)
    done = _Done.after(built=built, before=done)
    with systems.tracking.begin() as connection:
        _record(connection=connection, work=work, built=built)
        if block.is_last:
            _record_end(connection=connection, work=work, done=done)
    return done


def _built_block(*, systems: BuildSystems, work: _Work, block: _Block) -> _BuiltBlock:
    """Hold and read the customers of a block, and build their payloads."""
    now, identifiers = systems.clock(), list(block.records)
    if systems.writeback is not None:
        hold(
            tracking=systems.tracking,
            writeback=systems.writeback,
            wave=work.wave,
            process_ids={identifier: key.id for identifier, key in block.records.items()},
            now=now,
        )
    extracted = extract(
        engine=systems.legacy, dialect=work.dialect, identifiers=identifiers, with_balances=True
    )
    settings = payload_settings(
        dialect=work.dialect,
        kraken=systems.kraken,
        now=now,
        import_supplier=work.wave.import_supplier,
    )
    result = build(
        dialect=work.dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=replace(settings, digest_key=work.digest_key),
        unreadable=extracted.unreadable,
    )
    return _BuiltBlock(block=block, extracted=extracted, result=result, at=now)


def _record(*, connection: Connection, work: _Work, built: _BuiltBlock) -> None:
    """Record a block: its payloads and findings, the values that must be unique, and its balances."""
    result, records = built.result, built.block.records
    recorded = processes.record_build(
        connection=connection,
        ref=work.ref.wave,
        built=_built(result=result, records=records),
        at=built.at,
        origin=processes.Origin(watermark=built.extracted.watermark, airflow_run=work.wave.run_id),
    )
    process_ids = {each: key.id for each, key in records.items() if key.id in recorded}
    _record_values(connection=connection, ref=work.ref, result=result, process_ids=process_ids)
    if work.dialect.money:
        _record_money(
            connection=connection,
            ref=work.ref,
            result=result,
            extracted=built.extracted,
            process_ids=process_ids,
        )


def _record_end(*, connection: Connection, work: _Work, done: _Done) -> None:
    """Record what is kept by batch, with its last block: until then all of it is that of the build before."""
    if work.ref.rerun is not None:
        return
    batch: dict[str, Any] = {
        "connection": connection,
        "wave_id": work.ref.wave_id,
        "batch": work.ref.batch,
    }
    customers = len(work.records) + work.left_out
    frame_rows.record(**batch, customers=customers, frames=done.frames)
    waves.record_watermark(**batch, watermark=done.watermark, built_at=done.at)


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
