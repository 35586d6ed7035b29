"""Builds the payloads of a batch from one snapshot of the legacy database."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import REFUSED, UNDONE
from kraken_import.tracking import frame_rows, money, processes, progress, reruns, shared_values, waves
from kraken_import.tracking.money import RecordMoney
from kraken_import.tracking.processes import Built
from kraken_import.tracking.shared_values import SharedValue
from kraken_import.usecases.calling import batch_counts, refuse_if_stopped
from kraken_import.usecases.holds import hold
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import extract
from transforms.registry import get_dialect


def payload_settings(
    *, dialect: Dialect, kraken: KrakenSettings, now: datetime, import_supplier: str | None = None
) -> BuildSettings:
    """What a Connection decides about the payloads of a dialect."""
    return BuildSettings(
        import_supplier=import_supplier
        or kraken.import_suppliers.get(dialect.name, dialect.default_import_supplier),
        today=now.astimezone(ZoneInfo(kraken.zone or dialect.zone)).date(),
        zone=kraken.zone,
        region=kraken.region,
        values=kraken.configured_values.get(dialect.name, {}),
    )


def build_batch(
    *,
    tracking: Engine,
    legacy: Engine,
    kraken: KrakenSettings,
    wave_id: int,
    batch: int,
    now: datetime,
    rerun_id: int | None = None,
    writeback: Engine | None = None,
) -> dict[str, int]:
    """Build every record of a batch that is undone: not refused, and with no create that may be outstanding.

    Returns the batch's records by state. A repeated call builds anew, so that a correction in the legacy
    database is picked up. What was refused is taken once a backfill has opened the wave again, and by a
    rerun, which builds its own records only and opens again those that Kraken ended, each of them once; of
    one that was stopped it raises `SystemicFault`. With `writeback` the legacy system is told to hold the
    customers first, so that nothing changes between the snapshot and their end.
    """
    with tracking.connect() as connection:
        wave = reruns.load_wave(connection=connection, wave_id=wave_id, rerun_id=rerun_id)
        if rerun_id is not None:
            # What Kraken has ended must keep that end where it cannot be created again.
            refuse_if_stopped(wave=wave)
        states = UNDONE | REFUSED if wave.takes_refused and rerun_id is None else UNDONE
        process_ids = processes.in_states(
            connection=connection, wave_id=wave_id, batch=batch, states=states, rerun_id=rerun_id
        )
        counts = progress.batch_states(connection=connection, wave_id=wave_id, batch=batch)
        left_out = sum(counts.get(state, 0) for state in REFUSED - states)
    if writeback is not None:
        hold(tracking=tracking, writeback=writeback, wave=wave, process_ids=process_ids, now=now)
    if process_ids:
        dialect = get_dialect(name=wave.dialect)
        identifiers = list(process_ids)
        extracted = extract(engine=legacy, dialect=dialect, identifiers=identifiers, with_balances=True)
        result = build(
            dialect=dialect,
            frames=extracted.frames,
            identifiers=identifiers,
            settings=payload_settings(
                dialect=dialect, kraken=kraken, now=now, import_supplier=wave.import_supplier
            ),
            unreadable=extracted.unreadable,
        )
        warnings = {item.external_identifier: item.findings for item in result.warnings}
        built = [
            Built(
                id=process_ids[payload.external_identifier],
                body=payload.body,
                findings=warnings.get(payload.external_identifier, ()),
            )
            for payload in result.payloads
        ] + [
            Built(
                id=process_ids[rejection.external_identifier],
                body=None,
                findings=rejection.findings + warnings.get(rejection.external_identifier, ()),
            )
            for rejection in result.rejections
        ]
        with tracking.begin() as connection:
            recorded = processes.record_build(
                connection=connection,
                wave_id=wave_id,
                built=built,
                at=now,
                watermark=extracted.watermark,
                airflow_run=wave.run_id,
                rerun_id=rerun_id,
            )
            shared_values.replace(
                connection=connection,
                wave_id=wave_id,
                built=list(recorded),
                values=[
                    SharedValue(
                        import_process_id=process_ids[value.external_identifier],
                        digest=value.digest,
                        code=value.finding.code,
                        path=value.finding.path,
                    )
                    for value in result.shared
                    if process_ids[value.external_identifier] in recorded
                ],
            )
            if dialect.money:
                payloads = {payload.external_identifier: payload.balances for payload in result.payloads}
                money.record(
                    connection=connection,
                    wave_id=wave_id,
                    batch=batch,
                    money=[
                        RecordMoney(
                            import_process_id=process_id,
                            legacy=extracted.balances.get(identifier, ()),
                            payload=payloads.get(identifier),
                        )
                        for identifier, process_id in process_ids.items()
                        if process_id in recorded
                    ],
                )
            if rerun_id is None:
                frame_rows.record(
                    connection=connection,
                    wave_id=wave_id,
                    batch=batch,
                    customers=len(identifiers) + left_out,
                    frames=result.frames,
                )
                waves.record_watermark(
                    connection=connection,
                    wave_id=wave_id,
                    batch=batch,
                    watermark=extracted.watermark,
                    built_at=now,
                )
    with tracking.connect() as connection:
        return {
            state.value: records
            for state, records in batch_counts(
                connection=connection, wave_id=wave_id, batch=batch, rerun_id=rerun_id
            ).items()
        }
