"""How waves have changed since they were last reconciled, and the reconciliations that are kept."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries
from kraken_import.tracking.reconciliation import Scope


class Extent(StrEnum):
    """How much of a wave is compared."""

    FULL = "full"
    CHANGED = "changed"
    """Everything except payloads that were found correct before."""
    KRAKEN = "kraken"
    """Nothing has changed here: only records that Kraken's side raises a doubt about."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a wave stands, and what its last reconciliation was based on, if there was one."""

    wave_id: int
    read_at: datetime
    watermark: str
    differs: bool
    payloads_differ: bool
    last_watermark: str | None
    last_doubts: str | None
    compared_at: datetime | None
    full_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a reconciliation of a wave, or of an import supplier, compared and was based on."""

    source: str
    extent: Extent
    counted: Mapping[str, int]
    watermark: str | None = None
    doubts: str | None = None
    compared_at: datetime | None = None
    full_at: datetime | None = None
    visible_until: datetime | None = None
    """What was sent before this was visible in Kraken when the comparison began, by the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """How a wave was last reconciled."""

    source: str
    counts: Mapping[str, int]
    differences: int
    reconciled_at: datetime
    extent: Extent
    compared_at: datetime | None


def standings(
    *, connection: Connection, wave_ids: Sequence[int], payload_kinds: Collection[str]
) -> dict[int, Standing]:
    """Return how these waves stand. Read this before comparing: later changes then show next time."""
    rows = _SQL.run(connection, "standings", wave_ids=list(wave_ids), payload_kinds=sorted(payload_kinds))
    return {row.wave_id: Standing(**row._mapping) for row in rows}


def record_run(*, connection: Connection, scope: Scope, run: Run, differences: int, at: datetime) -> None:
    """Record that a scope was reconciled, and how many differences are open."""
    _SQL.run(
        connection,
        "record_run",
        **scope.values,
        **asdict(run),
        counts=json.dumps(dict(run.counted)),
        differences=differences,
        at=at,
    )


def last_run(*, connection: Connection, wave_id: int) -> LastRun | None:
    """Return how a wave was last reconciled; None if it never was."""
    row = _SQL.run(connection, "last_run", wave_id=wave_id).mappings().one_or_none()
    return None if row is None else LastRun(**{**row, "extent": Extent(row["extent"])})


_SQL = queries(file="comparisons")
