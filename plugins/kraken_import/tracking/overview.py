"""What people ask about waves between their reports: which there are, how they stand, and their reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveLine:
    """A wave and how it stands, without counts."""

    id: int
    name: str
    dialect: str
    mode: str
    target_kraken: str
    claimed: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    outcome_reason: str | None
    stop_code: str | None
    stop_reason: str | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    closed_at: datetime | None
    closed_by: str | None
    purged_at: datetime | None
    requested_by: str | None
    asked_until: datetime | None
    """Until when its gate waits for an answer; None while it asks nothing."""
    silent_since: datetime | None
    """Since when its Kraken gives no usable answer; None while it does, or the wave does not wait for it."""
    ended_states: Mapping[str, int] | None
    """Its records by state when its run ended; None until then, and where an older version ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunLine:
    """A rerun with records of a wave; `records` counts those of all its waves."""

    id: int
    requested_by: str | None
    requested_at: datetime
    records: int
    stop_code: str | None
    stop_reason: str | None
    finished_at: datetime | None
    outcome: str | None
    outcome_reason: str | None
    package_version: str | None
    mapping_digest: str | None
    is_mapped_otherwise: bool
    """Whether another mapping builds its payloads than that of the wave."""


def waves(
    *,
    connection: Connection,
    most: int,
    dialects: Sequence[str] | None = None,
    wave_id: int | None = None,
) -> list[WaveLine]:
    """Return waves, the newest first: of some dialects, the one with an id, or all."""
    wanted = None if dialects is None else list(dialects)
    ids = None if wave_id is None else [wave_id]
    return _SQL.all(connection, WaveLine, "waves", wave_ids=ids, dialects=wanted, most=most)


def waves_of(*, connection: Connection, wave_ids: Sequence[int]) -> list[WaveLine]:
    """Return these waves, the newest first; those that do not exist are left out."""
    ids = list(wave_ids)
    return _SQL.all(connection, WaveLine, "waves", wave_ids=ids, dialects=None, most=len(ids))


def dialects(*, connection: Connection) -> list[str]:
    """Return the dialects that waves or cohorts have, in force or not."""
    return list(_SQL.run(connection, "dialects").scalars())


def reruns(*, connection: Connection, wave_id: int) -> list[RerunLine]:
    """Return the reruns that have a record of a wave, the oldest first."""
    return _SQL.all(connection, RerunLine, "reruns", wave_id=wave_id)


_SQL = queries(file="overview")
