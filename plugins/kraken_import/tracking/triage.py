"""What did not come through, in the tracking database: by cause, and record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import FAILED, State
from kraken_import.tracking.queries import queries

LEFT: Final = FAILED | {State.PARKED}
"""States of what did not come through, as the statements and their index name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Which records of some waves are meant: each criterion that is given must hold, and None means any.

    A blank `code` stands for records of whose last try no error is known.
    """

    wave_ids: Sequence[int]
    code: str | None = None
    path: str | None = None
    stage: str | None = None
    state: State | None = None
    ids: Sequence[int] | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of a statement about them."""
        of_error = self.code != ""
        return {
            "wave_ids": list(self.wave_ids),
            "code": self.code,
            "path": self.path if of_error else None,
            "stage": self.stage if of_error else None,
            "state": None if self.state is None else self.state.value,
            "ids": None if self.ids is None else list(self.ids),
        }


class Meant(NamedTuple):
    """How many records are meant, and a digest that tells them from others."""

    records: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCount:
    """Records of one wave with one error in their last try; without one, code, path and stage are blank."""

    wave_id: int
    code: str
    path: str
    stage: str
    origin: str
    detail: str
    records: int
    parked: int
    first_at: datetime | None
    last_at: datetime | None
    examples: Sequence[int]
    """Numbers of some of the records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A wave that another is compared with: the one `before` it, or its `rehearsal`."""

    what: str
    id: int
    name: str
    claimed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftRecord:
    """A record that did not come through, and an error of its last try."""

    id: int
    external_identifier: str
    wave_id: int
    state: str
    attempt: int
    stage: str
    code: str
    path: str
    indexed_path: str
    detail: str
    occurred_at: datetime | None
    owner: str | None
    note: str | None


def causes(*, connection: Connection, wave_ids: Sequence[int]) -> list[CauseCount]:
    """Count what is left of some waves by cause and wave, the most frequent first."""
    return _SQL.all(connection, CauseCount, "causes", wave_ids=list(wave_ids))


def compared(*, connection: Connection, wave_id: int) -> list[Compared]:
    """Return what a wave is compared with: the wave before it, and its rehearsal, as far as there are any."""
    return _SQL.all(connection, Compared, "compared", wave_id=wave_id)


def had(
    *, connection: Connection, wave_ids: Sequence[int]
) -> Mapping[int, Mapping[tuple[str, str, str], int]]:
    """Count the records of waves that had an error in any try, by wave, and by code, path and stage."""
    found: dict[int, dict[tuple[str, str, str], int]] = {wave_id: {} for wave_id in wave_ids}
    for row in _SQL.run(connection, "had", wave_ids=list(wave_ids)):
        found[row.wave_id][row.code, row.path, row.stage] = int(row.records)
    return found


def waves_with_some(*, connection: Connection, dialects: Sequence[str], most: int) -> list[int]:
    """Return the newest waves of these dialects that are not closed and have something left."""
    return list(_SQL.run(connection, "waves_with_some", dialects=list(dialects), most=most).scalars())


def count(*, connection: Connection, matching: Matching, among: int | None = None) -> Meant:
    """Count the records that are meant; with `among` those of a selection only."""
    return Meant(*_SQL.run(connection, "count", **matching.values, among=among).one())


def records(*, connection: Connection, matching: Matching, after: int, most: int) -> list[LeftRecord]:
    """Return a page of the records that are meant: those with a higher number than `after`, by number."""
    return _SQL.all(connection, LeftRecord, "records", **matching.values, after=after, most=most)


_SQL = queries(file="triage")
