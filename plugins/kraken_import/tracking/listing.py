"""What Kraken lists of an import supplier, in temporary tables of one connection, and the doubts it raises.

The listing is aggregated once and compared with the records of all waves in one statement.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import OPEN, State
from kraken_import.tracking.faults import tracking_copies
from kraken_import.tracking.queries import queries
from kraken_import.tracking.reconciliation import Difference, KnownRecord, Scope, stream

_ESCAPED: Final = str.maketrans(
    # A Postgres text cannot contain a zero byte, so our records cannot either.
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\N{REPLACEMENT CHARACTER}"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Records of a wave to ask Kraken about: their number, if known, and a digest that changes with them."""

    records: int | None
    mark: str


NO_DOUBTS: Final = Doubts(records=0, mark="0")

WITHOUT_LISTING: Final = Doubts(records=None, mark="status")
"""Kraken has no listing, so every record that has ended is in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the doubted records: their current state, how many were doubted, and the last one's id."""

    records: list[KnownRecord]
    doubted: int
    last: int


def begin(*, connection: Connection) -> None:
    """Create temporary tables for the listing and the doubts; they go with `end` or the connection."""
    _SQL.run(connection, "begin")


def end(*, connection: Connection) -> None:
    """Delete what Kraken listed."""
    _SQL.run(connection, "end")


def forget(*, connection: Connection, imported: bool) -> None:
    """Begin one of the listings again."""
    _SQL.run(connection, "forget", imported=imported)


def add(*, connection: Connection, imported: bool, listed: Iterable[tuple[str, str | None]]) -> None:
    """Add (external identifier, Kraken's identifier) pairs of a listing."""
    sign = "t" if imported else "f"
    lines = "".join(
        f"{sign}\t{_escaped(identifier)}\t{_escaped(kraken_identifier)}\n"
        for identifier, kraken_identifier in listed
    )
    with tracking_copies(), closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(_SQL["copy"], io.StringIO(lines))


def aggregate(*, connection: Connection) -> None:
    """Combine what both listings say of each account."""
    _SQL.run(connection, "aggregate")


def unknown_here(*, connection: Connection, scope: Scope, most: int) -> tuple[list[Difference], int]:
    """Return the first accounts that Kraken lists and no wave of ours has, and how many there are."""
    rows = _SQL.run(connection, "unknown_here", **scope.values, most=most).all()
    return [
        Difference(
            kind="unknown_here",
            external_identifier=row.external_identifier,
            ours="unknown",
            theirs=row.kraken_identifier or ("imported" if row.imported else "not imported"),
        )
        for row in rows
    ], int(rows[0].total) if rows else 0


def doubled(*, connection: Connection, scope: Scope, wave_ids: Sequence[int]) -> Iterator[Difference]:
    """Yield accounts that Kraken lists more than once, of these waves and of none, each with its wave."""
    values = {**scope.values, "wave_ids": list(wave_ids)}
    for row in stream(connection=connection, statement=_SQL["doubled"], values=values):
        yield Difference(
            kind="doubled_at_kraken",
            external_identifier=row.external_identifier,
            ours=row.state,
            theirs=f"listed {row.times} times",
            wave_id=row.wave_id,
        )


def doubts(
    *, connection: Connection, wave_ids: Sequence[int], never_created: Collection[State]
) -> dict[int, Doubts]:
    """Find the records of these waves whose listing is not what their state implies.

    Returns the doubts by wave; a wave without doubts is not among them.
    """
    _SQL.run(connection, "doubt", wave_ids=list(wave_ids), never_created=list(never_created))
    rows = _SQL.run(connection, "doubts")
    return {row.wave_id: Doubts(records=row.records, mark=row.mark) for row in rows}


def doubt_all(*, connection: Connection, wave_id: int, states: Collection[State]) -> None:
    """Mark every record of a wave in these states as doubted, and no other."""
    _SQL.run(connection, "doubt_all", wave_id=wave_id, states=list(states))


def doubted_page(*, connection: Connection, wave_id: int, after: int, most: int) -> Page | None:
    """Return the next doubted records of a wave, by ascending id above `after`; None when none is left."""
    rows = _SQL.run(
        connection, "doubted_page", wave_id=wave_id, after=after, most=most, open=list(OPEN)
    ).all()
    if not rows:
        return None
    return Page(
        records=[KnownRecord(**{**row._mapping, "state": State(row.state)}) for row in rows if row.state],
        doubted=len(rows),
        last=rows[-1].id,
    )


def _escaped(value: str | None) -> str:
    return "\\N" if value is None else value.translate(_ESCAPED)


_SQL = queries(file="listing")
