"""What the console shows of waves: counts that moves keep, so that no record is read, and who did what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, SUCCEEDED, State
from kraken_import.tracking.queries import queries


class Phase(StrEnum):
    """The one word that tells most of how a wave stands."""

    WAITING = "waiting"
    """Its gate asks for an approval."""
    STOPPED = "stopped"
    UNFINISHED = "unfinished"
    """Its run is over, and a person is needed: records are parked, or its run left them unsent."""
    PAUSED = "paused"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    PURGED = "purged"


NOW: Final = (Phase.WAITING, Phase.STOPPED, Phase.UNFINISHED, Phase.PAUSED, Phase.RUNNING)
"""Phases of waves that are under way or wait for a person, the most urgent first."""
OVER: Final = tuple(phase for phase in Phase if phase not in NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which waves are listed; `mode` and `before`, the id of a newer one, are None for any."""

    dialects: Sequence[str]
    phases: Collection[Phase] = tuple(Phase)
    mode: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A wave's id and its phase, and how many are wanted in all."""

    id: int
    phase: Phase
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who approved a wave and when (None: no one did), and the cohorts that it has taken."""

    wave_id: int
    approved_by: str | None
    approved_at: datetime | None
    cohorts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Records of a wave that ended at Kraken, and the minutes in which any did: all, and the latest few."""

    wave_id: int
    records: int
    minutes: int
    first: datetime
    last: datetime
    latest_records: int
    latest_minutes: int
    latest_first: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveMoney:
    """Sums of a wave's balances in one currency and ledger: selected, and built into payloads."""

    wave_id: int
    currency: str
    ledger: str
    legacy_cents: Decimal
    payload_cents: Decimal


UNDER_WAY: Final = "under way"
"""What came of an order whose end is not known, in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What a person, or the gate without one, did about a wave."""

    at: datetime
    by_whom: str | None
    what: str
    reason: str | None
    came_of_it: str
    action_id: UUID | None
    """The order of the console; None of what was ordered elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many records more stood in a state after a minute than before it; fewer where it is negative."""

    minute: datetime
    state: State
    records: int


def states(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, dict[State, int]]:
    """Count the records of these waves by state; states without records are left out."""
    found: dict[int, dict[State, int]] = {wave_id: {} for wave_id in wave_ids}
    for row in _SQL.run(connection, "states", wave_ids=list(wave_ids)):
        found[row.wave_id][State(row.state)] = int(row.records)
    return found


def batches(*, connection: Connection, wave_id: int) -> Mapping[int, Mapping[State, int]]:
    """Count the records of a wave by batch and state, in the order of the batches."""
    found: dict[int, dict[State, int]] = defaultdict(dict)
    for row in _SQL.run(connection, "batches", wave_id=wave_id):
        found[row.batch][State(row.state)] = int(row.records)
    return found


def flow(*, connection: Connection, wave_id: int, states: Collection[State]) -> list[Moved]:
    """Return how the records of a wave came to these states and left them, by minute."""
    rows = _SQL.run(connection, "flow", wave_id=wave_id, states=list(states))
    return [Moved(minute=row.minute, state=State(row.state), records=int(row.records)) for row in rows]


def gather(*, connection: Connection, wave_id: int) -> None:
    """Add the counts of a wave up, so that those who look at it when it is over read few of them."""
    _SQL.run(connection, "gather", wave_id=wave_id)


def listing(*, connection: Connection, wanted: Wanted, most: int) -> list[Listed]:
    """Return the waves that are wanted, the newest first."""
    return _listing(connection=connection, wanted=wanted, urgent=(), most=most, skipped=0)


def urgent(*, connection: Connection, wanted: Wanted, most: int, skipped: int) -> list[Listed]:
    """Return a page of the waves that are wanted and not over: the most urgent first, then the newest."""
    phases = [each for each in NOW if each in wanted.phases]
    now = replace(wanted, phases=phases)
    return _listing(connection=connection, wanted=now, urgent=phases, most=most, skipped=skipped)


def _listing(
    *, connection: Connection, wanted: Wanted, urgent: Sequence[Phase], most: int, skipped: int
) -> list[Listed]:
    rows = _SQL.run(
        connection,
        "listing",
        dialects=list(wanted.dialects),
        phases=sorted(wanted.phases),
        mode=wanted.mode,
        before=wanted.before,
        urgent=list(urgent),
        most=most,
        skipped=skipped,
    )
    return [Listed(id=row.id, phase=Phase(row.phase), number=row.number) for row in rows]


def refused_on_create(*, connection: Connection, wave_id: int) -> int:
    """Return how many invalid records of a wave Kraken's create has refused, after its validation."""
    return int(_SQL.run(connection, "refused_on_create", wave_id=wave_id).scalar_one())


def reruns_since(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return by wave the reruns that have brought records of it through after its run had ended."""
    found: dict[int, list[int]] = defaultdict(list)
    for row in _SQL.run(connection, "reruns_since", wave_ids=list(wave_ids), succeeded=sorted(SUCCEEDED)):
        found[row.wave_id].append(row.rerun)
    return found


def people(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, People]:
    """Return by wave who approved it and which cohorts it has."""
    found = _SQL.all(connection, People, "people", wave_ids=list(wave_ids))
    return {each.wave_id: each for each in found}


def oldest_open(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, datetime]:
    """Return since when the oldest open record of each wave is open; waves without one are left out."""
    rows = _SQL.run(connection, "oldest_open", wave_ids=list(wave_ids))
    return {row.wave_id: row.since for row in rows if row.since is not None}


def pace(*, connection: Connection, wave_ids: Sequence[int], latest: int) -> dict[int, Pace]:
    """Return by wave how many records ended at Kraken, and how many in the `latest` minutes with any."""
    found = _SQL.all(
        connection, Pace, "pace", wave_ids=list(wave_ids), states=sorted(ENDED_AT_KRAKEN), latest=latest
    )
    return {each.wave_id: each for each in found}


def money(*, connection: Connection, wave_ids: Sequence[int]) -> dict[int, list[WaveMoney]]:
    """Return the sums of these waves' balances, by wave."""
    found: dict[int, list[WaveMoney]] = defaultdict(list)
    for each in _SQL.all(connection, WaveMoney, "money", wave_ids=list(wave_ids)):
        found[each.wave_id].append(each)
    return found


def log(*, connection: Connection, wave_id: int, most: int) -> list[LogLine]:
    """Return what was ordered and decided about a wave, the newest first."""
    return _SQL.all(connection, LogLine, "log", wave_id=wave_id, most=most, under_way=UNDER_WAY)


def identifiers(*, connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the external identifiers of these records, by their numbers."""
    rows = _SQL.run(connection, "identifiers", ids=list(ids))
    return {row.id: row.external_identifier for row in rows}


def wave_of(*, connection: Connection, kind: str, dag_id: str, run_id: str) -> int | None:
    """Return the wave that a run has planned, or the first one of a rerun; None where there is none."""
    name = {"migrate": "wave_of_run", "rerun": "wave_of_rerun"}.get(kind)
    if name is None:
        return None
    found = _SQL.run(connection, name, dag_id=dag_id, run_id=run_id).scalar()
    return None if found is None else int(found)


def present(*, connection: Connection) -> datetime:
    """Return the database's own time."""
    found: datetime = _SQL.run(connection, "present").scalar_one()
    return found


_SQL = queries(file="board")
