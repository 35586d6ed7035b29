"""What did not come through, in the tracking database: by cause, and record by record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
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

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same cause in another wave."""
        return self.code, self.path, self.stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which causes are looked for: those of a stage, and with a text, or at a path whose column holds it."""

    stage: str | None = None
    text: str | None = None
    """In lower case."""
    paths: Sequence[str] = ()
    """Paths whose legacy columns hold the text."""
    no_error: str = ""
    """What stands in place of the code of records without an error."""


ALL_CAUSES: Final = Sought()


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """The most frequent causes of some waves, a line for each wave, and how many causes there are in all."""

    lines: Sequence[CauseCount]
    number: int


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


def causes(
    *, connection: Connection, wave_ids: Sequence[int], most: int, sought: Sought = ALL_CAUSES
) -> Causes:
    """Count what is left of some waves by cause and wave, the most frequent first: up to `most` causes."""
    values = asdict(sought) | {"paths": list(sought.paths), "wave_ids": list(wave_ids), "most": most}
    rows = [dict(row) for row in _SQL.run(connection, "causes", **values).mappings()]
    number = max((row.pop("causes") for row in rows), default=0)
    return Causes(lines=[CauseCount(**row) for row in rows], number=number)


def compared(*, connection: Connection, wave_id: int) -> list[Compared]:
    """Return what a wave is compared with: the wave before it, and its rehearsal, as far as there are any."""
    return _SQL.all(connection, Compared, "compared", wave_id=wave_id)


def had(
    *, connection: Connection, wave_ids: Sequence[int], causes: Collection[tuple[str, str, str]]
) -> Mapping[int, Mapping[tuple[str, str, str], int]]:
    """Count the records of waves that had one of these errors in any try, by wave and by cause."""
    found: dict[int, dict[tuple[str, str, str], int]] = {wave_id: {} for wave_id in wave_ids}
    codes, paths, stages = ([each[place] for each in causes] for place in range(3))
    values = {"wave_ids": list(wave_ids), "codes": codes, "paths": paths, "stages": stages}
    for row in _SQL.run(connection, "had", **values):
        found[row.wave_id][row.code, row.path, row.stage] = int(row.records)
    return found


def waves_with_some(*, connection: Connection, dialects: Sequence[str], most: int) -> list[int]:
    """Return the newest waves of these dialects that are not closed and have something left."""
    return list(_SQL.run(connection, "waves_with_some", dialects=list(dialects), most=most).scalars())


def count(*, connection: Connection, matching: Matching, among: int | None = None) -> Meant:
    """Count the records that are meant; with `among` those of a selection only."""
    return Meant(*_SQL.run(connection, "count", **matching.values, among=among).one())


def records(
    *, connection: Connection, matching: Matching, after: tuple[int, int], most: int
) -> list[LeftRecord]:
    """Return a page of the records that are meant: those that follow a wave and a number, in that order."""
    values = {**matching.values, "after_wave": after[0], "after": after[1], "most": most}
    return _SQL.all(connection, LeftRecord, "records", **values)


_SQL = queries(file="triage")
