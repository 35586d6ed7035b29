"""What waves leave to people, in one form: customers handed back, late changes and differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import SUCCEEDED, UNPROVED
from kraken_import.tracking.cutover import LEFTOVERS, Leftover, Ownership
from kraken_import.tracking.queries import queries

Whose: TypeAlias = Literal["none", "some"]

_OWN: Final[Mapping[Leftover, str]] = {
    "hand_back": "own_hand_backs",
    "late_change": "own_late_changes",
    "difference": "own_differences",
}
_PAGE: Final = 5_000

Place: TypeAlias = tuple[int, int]
"""The batch and the number of a record, by which a wave's records are paged."""
FIRST: Final[Place | None] = (-1, 0)
"""Before all records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which leftovers are meant: of a wave, or without one the differences that no wave has of `dialects`."""

    wave_id: int | None
    dialects: Sequence[str]
    kinds: Sequence[Leftover] = LEFTOVERS
    code: str | None = None
    whose: Whose | None = None
    picked: Mapping[Leftover, Sequence[str]] | None = None
    """Only those with these keys; None for all that match."""

    @property
    def names(self) -> list[str] | None:
        """Return what was picked, each by its kind and key; None where nothing was."""
        if self.picked is None:
            return None
        return [f"{kind}:{key}" for kind, keys in self.picked.items() for key in keys]

    @property
    def values(self) -> dict[str, Any]:
        """Return it as parameters of a statement, but for what was picked."""
        return {
            "wave_id": self.wave_id,
            "dialects": list(self.dialects),
            "kinds": list(self.kinds),
            "code": self.code,
            "whose": self.whose,
            "unproved": sorted(UNPROVED),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One leftover. What the columns say depends on its kind; `words` of a difference are its batch."""

    kind: Leftover
    key: str
    import_process_id: int | None
    external_identifier: str | None
    code: str
    path: str
    words: str
    ours: str | None
    theirs: str | None
    since: datetime
    owner: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many leftovers of a kind and code have an owner, or have none; `digest` says which they are."""

    kind: Leftover
    code: str
    owned: bool
    entries: int
    digest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveLeftovers:
    """What a live wave leaves, in counts."""

    id: int
    name: str
    dialect: str
    finished_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    purged_at: datetime | None
    handed_back: int
    handed_back_unowned: int
    late_changes: int
    late_changes_unowned: int
    differences: int
    differences_unowned: int
    reconciled_at: datetime | None
    hand_backs_listed_at: datetime | None
    late_changes_listed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastListed:
    """When the lists of a wave were last made and it was last compared with Kraken; None before."""

    hand_backs: datetime | None
    late_changes: datetime | None
    reconciled: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """A customer who is in Kraken, under our identifier and Kraken's."""

    external_identifier: str
    import_supplier: str
    kraken_identifier: str | None
    settled_at: datetime | None


def found(*, connection: Connection, choice: Choice, most: int, offset: int) -> list[Left]:
    """Return leftovers that match, by kind and code."""
    values = {**choice.values, "picked": choice.names, "most": most, "offset": offset}
    return _SQL.all(connection, Left, "found", **values)


def counts(*, connection: Connection, choice: Choice) -> list[Count]:
    """Count the leftovers of a wave, or the differences that no wave has, by kind, code and ownership.

    Of a choice only what was picked narrows them: kinds, codes and owners are what they are counted by.
    """
    return _SQL.all(connection, Count, "counts", **choice.values, picked=choice.names)


def own(*, connection: Connection, choice: Choice, ownership: Ownership) -> tuple[int, int]:
    """Give an owner, and a note, to all that match. Returns how many there were, and their digest."""
    owned = digest = 0
    for kind in choice.kinds:
        picked = None if choice.picked is None else list(choice.picked.get(kind, ()))
        if picked == [] or (choice.wave_id is None and kind != "difference"):
            continue
        values = {**choice.values, "picked": picked, "owner": ownership.owner}
        values |= {"note": ownership.note, "at": ownership.at}
        entries, which = _SQL.run(connection, _OWN[kind], **values).one()
        owned, digest = owned + entries, digest ^ which
    return owned, digest


def of_waves(
    *, connection: Connection, dialects: Sequence[str], most: int, before: int | None
) -> list[WaveLeftovers]:
    """Return what the newest live waves leave, or those before one."""
    values = {"dialects": list(dialects), "most": most, "before": before, "unproved": sorted(UNPROVED)}
    return _SQL.all(connection, WaveLeftovers, "of_waves", **values)


def last_listed(*, connection: Connection, wave_id: int) -> LastListed:
    """Return when what a wave leaves was last listed."""
    row = _SQL.run(connection, "last_listed", wave_id=wave_id).one()
    return LastListed(hand_backs=row.hand_backs, late_changes=row.late_changes, reconciled=row.reconciled)


def is_compared_as_a_whole(*, connection: Connection) -> bool:
    """Return whether what Kraken has, and no wave, was ever looked for."""
    return bool(_SQL.run(connection, "is_compared_as_a_whole").scalar_one())


def crossed(*, connection: Connection, wave_id: int, after: Place) -> tuple[list[Crossed], Place | None]:
    """Return a page of the customers of a wave who are in Kraken, and where it ends; None after the last."""
    rows = _SQL.run(
        connection,
        "crosswalk_page",
        wave_id=wave_id,
        succeeded=sorted(SUCCEEDED),
        after_batch=after[0],
        after_id=after[1],
        most=_PAGE,
    ).all()
    page = [
        Crossed(
            external_identifier=row.external_identifier,
            import_supplier=row.import_supplier,
            kraken_identifier=row.kraken_identifier,
            settled_at=row.settled_at,
        )
        for row in rows
    ]
    return page, (rows[-1].batch, rows[-1].id) if len(rows) == _PAGE else None


_SQL = queries(file="leftovers")
