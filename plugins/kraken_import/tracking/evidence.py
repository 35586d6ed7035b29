"""Payloads, answers and errors in the tracking database.

Payloads and answers hold personal values and are compressed with zlib; errors hold codes, paths and
masked details only.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries
from transforms.findings import Finding

Stage: TypeAlias = Literal["build", "validate", "create", "status"]

_FASTEST: Final = 1
"""zlib level: payloads shrink to a third at once, and higher levels cost more than they save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One try of one import process."""

    id: int
    wave_id: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Kraken said: HTTP status (None when no answer came) and the body as received."""

    http_status: int | None
    body: bytes


def pack(*, body: bytes) -> bytes:
    """Compress a body for the tracking database."""
    return zlib.compress(body, _FASTEST)


def unpack(*, body: bytes | memoryview) -> bytes:
    """Return the body as it was before `pack`."""
    return zlib.decompress(body)


def add_payloads(
    *, connection: Connection, wave_id: int, payloads: Sequence[tuple[int, int, bytes]], at: datetime
) -> None:
    """Keep payloads of one wave, given as (import process, attempt, JSON bytes)."""
    connection.exec_driver_sql(
        _SQL["insert_payloads"],
        {
            "wave_id": wave_id,
            "at": at,
            "ids": [process_id for process_id, _, _ in payloads],
            "attempts": [attempt for _, attempt, _ in payloads],
            "bodies": [pack(body=body) for _, _, body in payloads],
        },
    )


def payloads_of(*, connection: Connection, keys: Sequence[Key]) -> dict[int, bytes]:
    """Return the payloads that were built for these tries, by import process."""
    if not keys:
        return {}
    rows = connection.exec_driver_sql(
        _SQL["payloads_of"],
        {
            "ids": [key.id for key in keys],
            "attempts": [key.attempt for key in keys],
            "wave_ids": [key.wave_id for key in keys],
            "partitions": sorted({key.wave_id for key in keys}),
        },
    )
    return {row.import_process_id: unpack(body=row.body) for row in rows}


def add_answers(
    *, connection: Connection, answers: Sequence[tuple[Key, Answer]], stage: Stage, at: datetime
) -> None:
    """Keep Kraken's answers as received; of a purged wave nothing is kept."""
    if not answers:
        return
    connection.exec_driver_sql(
        _SQL["insert_answers"],
        {
            "stage": stage,
            "at": at,
            "ids": [key.id for key, _ in answers],
            "wave_ids": [key.wave_id for key, _ in answers],
            "attempts": [key.attempt for key, _ in answers],
            "http_statuses": [answer.http_status for _, answer in answers],
            "bodies": [pack(body=answer.body) if answer.body else None for _, answer in answers],
        },
    )


def add_findings(
    *, connection: Connection, findings: Sequence[tuple[Key, Finding]], stage: Stage, at: datetime
) -> None:
    """Keep errors and warnings, whose details must have been masked by the caller."""
    if not findings:
        return
    connection.exec_driver_sql(
        _SQL["insert_errors"],
        {
            "stage": stage,
            "at": at,
            "ids": [key.id for key, _ in findings],
            "wave_ids": [key.wave_id for key, _ in findings],
            "attempts": [key.attempt for key, _ in findings],
            "origins": [finding.origin for _, finding in findings],
            "severities": [finding.severity for _, finding in findings],
            "codes": [finding.code for _, finding in findings],
            "paths": [finding.generic_path for _, finding in findings],
            "indexed_paths": [finding.path for _, finding in findings],
            "details": [finding.detail for _, finding in findings],
            "domains": [finding.domain for _, finding in findings],
            "events": [finding.event for _, finding in findings],
            "named": [finding.is_named for _, finding in findings],
        },
    )


_SQL = queries(file="evidence")
