"""Records that people chose: orders and runs name the number of a selection, and no customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking.queries import queries
from kraken_import.tracking.triage import LeftRecord, Matching, Meant

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Chosen records of one dialect, and how they were chosen, in words without identifiers."""

    id: int
    dialect: str
    described: str
    made_by: str
    made_at: datetime
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where some records of a selection are."""

    mode: Mode
    target_kraken: str
    wave_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Customers by name, in one mode of a dialect; of one wave if it is given."""

    dialect: str
    mode: Mode
    wave_id: int | None
    identifiers: Collection[str]


def lock(*, connection: Connection) -> None:
    """Wait until no other order about records is being compared with those under way."""
    _SQL.run(connection, "lock")


def add(*, connection: Connection, dialect: str, described: str, made_by: str) -> int:
    """Insert a selection without records. Returns its number."""
    found = _SQL.run(connection, "add", dialect=dialect, described=described, made_by=made_by)
    return int(found.scalar_one())


def keep(*, connection: Connection, selection_id: int, matching: Matching) -> Meant:
    """Give a selection the records that are meant, as they stand now. Returns which they are."""
    return Meant(*_SQL.run(connection, "keep", selection_id=selection_id, **matching.values).one())


def keep_customers(*, connection: Connection, selection_id: int, customers: Customers) -> frozenset[str]:
    """Give a selection the records of customers in one mode. Returns the customers who have one."""
    values = asdict(customers) | {"identifiers": list(customers.identifiers), "mode": customers.mode.value}
    rows = _SQL.run(connection, "keep_customers", selection_id=selection_id, **values)
    return frozenset(rows.scalars())


def find(*, connection: Connection, selection_id: int) -> Selection | None:
    """Return a selection; None where there is none of this number."""
    return _SQL.one(connection, Selection, "find", selection_id=selection_id)


def spread(*, connection: Connection, selection_id: int) -> list[Place]:
    """Return in which modes, Krakens and waves the records of a selection are now, by wave."""
    rows = _SQL.run(connection, "spread", selection_id=selection_id).mappings()
    return [Place(**{**row, "mode": Mode(row["mode"])}) for row in rows]


def identifiers(*, connection: Connection, selection_id: int) -> list[str]:
    """Return the customers of a selection, as tasks need them."""
    return list(_SQL.run(connection, "identifiers", selection_id=selection_id).scalars())


def orders_under_way(
    *, connection: Connection, dialect: str, kinds: Collection[str], but: UUID | None
) -> list[UUID]:
    """Return the orders about chosen records of a dialect that have not ended, the oldest first."""
    # No order has this number.
    other = str(but or UUID(int=0))
    rows = _SQL.run(connection, "orders_under_way", dialect=dialect, kinds=sorted(kinds), id=other)
    return [UUID(str(each)) for each in rows.scalars()]


def decided(*, connection: Connection, selection_id: int, since: datetime) -> int:
    """Count the records of a selection that people have decided about since then."""
    return int(_SQL.run(connection, "decided", selection_id=selection_id, since=since).scalar_one())


def own(*, connection: Connection, selection_id: int, owner: str, note: str | None) -> int:
    """Give an owner to what is handed back of a selection and has none. Returns how many got one."""
    return _SQL.run(connection, "own", selection_id=selection_id, owner=owner, note=note).rowcount


def lines(*, connection: Connection, selection_id: int, after: int = 0) -> Sequence[LeftRecord]:
    """Return a page of the records of a selection after one, as they stand now, with an error of each."""
    return _SQL.all(connection, LeftRecord, "lines", selection_id=selection_id, after=after, most=_PAGE)


_SQL = queries(file="selections")
