"""Reads the frames of many customers from the legacy database: one query a frame, one snapshot for all.

The SQL stands in `sql/extract/<dialect>/`: a file for each frame, `candidates.sql` (who may migrate) and
`existing.sql` (who is there at all); what several dialects share, in `sql/extract/shared/`. A dialect has
the files of the one that it extends too, and a project's own `sql/` lies over all of them. To use another
legacy schema, rewrite these files only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, TextClause, text

from transforms.cpu_clock import a_line
from transforms.database import (
    UnableToQuery,
    check_parameters,
    place_in,
    read_sql,
    sentences,
    shown,
    statement_in,
    stripped,
)
from transforms.dialect import Dialect, Frame
from transforms.findings import Finding
from transforms.memory import collector_paused
from transforms.money import Balance, is_amount, legacy_balances
from transforms.paging import PAGING, Pages, check_paging
from transforms.reading import BatchReader
from transforms.registry import sql_file, sql_path

BALANCE: Final = ("external_identifier", "ledger", "currency", "amount")
_CHAR: Final = 1042
"""Postgres's number of the type CHAR(n), which pads its values with blanks and compares without them."""
_WIDEST: Final = 40


class UnableToExtract(UnableToQuery):
    """A dialect's SQL is missing, names a column twice, or does not fit the legacy database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Frames by name, with untyped columns, and the time of the snapshot they were read in."""

    frames: dict[str, pd.DataFrame]
    watermark: datetime
    balances: dict[str, tuple[Balance, ...]] = field(default_factory=dict)
    """Legacy balances by external identifier, where they were asked for."""
    unreadable: Mapping[str, Finding] = field(default_factory=dict)
    """By external identifier: customers of whom the SQL could not convert a value, and why."""


@a_line("extract")
def extract(
    *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], with_balances: bool = False
) -> Extract:
    """Read every frame for these customers in one repeatable-read, read-only transaction.

    With `with_balances` also the balances to reconcile, in the same snapshot. Customers with a value that
    the SQL cannot convert are `unreadable`, and in nothing else. Raises `UnableToExtract`, and
    `DatabaseInterrupted` when the same call is worth another try.
    """
    with _snapshot(engine=engine) as connection, connection.begin(), collector_paused():
        reader = BatchReader(connection=connection, identifiers=identifiers, raises=UnableToExtract)
        watermark = reader.begin()
        paths = _paths(dialect=dialect)
        frames = {
            frame.name: _frame(reader=reader, dialect=dialect, frame=frame, path=paths[frame.name])
            for frame in dialect.frames
        }
        balances = _balances(reader=reader, dialect=dialect) if with_balances and dialect.money else {}
    return Extract(
        frames=_without(frames=frames, dialect=dialect, customers=reader.unreadable),
        watermark=watermark,
        balances={key: found for key, found in balances.items() if key not in reader.unreadable},
        unreadable=reader.unreadable,
    )


def candidate_identifiers(*, engine: Engine, dialect: Dialect, after: str | None, limit: int) -> list[str]:
    """The next customers that may migrate, in order, above `after` (None: from the first).

    Raises as `candidate_pages` does.
    """
    return next(candidate_pages(engine=engine, dialect=dialect, size=limit, after=after), [])


def candidate_pages(
    *, engine: Engine, dialect: Dialect, size: int, after: str | None = None
) -> Iterator[list[str]]:
    """The customers that may migrate, in order, in pages of `size`, without the blanks around their keys.

    Raises `UnableToExtract` for SQL that does not lead from page to page, and `DatabaseInterrupted`.
    """
    with _as_extract():
        file = frame_sql(dialect=dialect.name, name="candidates")
        statement = _candidates(file=file)
    pages = Pages(source=shown(file))
    while True:
        with _as_extract(), _snapshot(engine=engine) as connection, sentences(place=place_in(file)):
            keys, is_char = _keys(connection=connection, statement=statement, after=after, limit=size)

            def next_after(
                key: str, connection: Connection = connection, is_char: bool = is_char
            ) -> str | None:
                asked = key.rstrip(" ") if is_char else key
                found, _ = _keys(connection=connection, statement=statement, after=asked, limit=1)
                return found[0] if found else None

            page = pages.checked(keys=keys, next_after=next_after)
        if not page:
            return
        yield page
        # With its blanks where they count: otherwise the same customer would come after its own key.
        after = keys[-1].rstrip(" ") if is_char else keys[-1]


def existing_identifiers(*, engine: Engine, dialect: Dialect, identifiers: Sequence[str]) -> set[str]:
    """Which of these customers the legacy database has. Raises `UnableToExtract`, `DatabaseInterrupted`."""
    with _as_extract(), _snapshot(engine=engine) as connection:
        file = frame_sql(dialect=dialect.name, name="existing")
        statement = statement_in(file, parameters=frozenset({"identifiers"}))
        with sentences(place=place_in(file)):
            rows = connection.execute(statement, {"identifiers": list(identifiers)})
            return {stripped(key) for key in rows.scalars()}


def advice_on_missing(*, engine: Engine, dialect: Dialect, identifiers: Sequence[str]) -> str:
    """What to do about customers that the legacy database does not have: the end of a sentence."""
    padded = [
        spelling
        for identifier in identifiers
        for spelling in (
            f" {identifier}",
            *(identifier.ljust(width) for width in range(len(identifier) + 1, _WIDEST + 1)),
        )
    ]
    if not existing_identifiers(engine=engine, dialect=dialect, identifiers=padded):
        return "check the identifier"
    return (
        "it is in the legacy database only with blanks around it; have the SQL of "
        f"sql/extract/{dialect.name} compare and deliver btrim(…)"
    )


@contextmanager
def _snapshot(*, engine: Engine) -> Iterator[Connection]:
    with sentences(place=lambda _: "Reading the legacy database", raises=UnableToExtract):
        with engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            yield connection


@contextmanager
def _as_extract() -> Iterator[None]:
    try:
        yield
    except UnableToExtract:
        raise
    except UnableToQuery as error:
        raise UnableToExtract(str(error)) from None


def _keys(
    *, connection: Connection, statement: TextClause, after: str | None, limit: int
) -> tuple[list[Any], bool]:
    """A page of keys as the database delivers them, and whether their type pads them with blanks."""
    result = connection.execute(statement, {"after": after, "row_limit": limit})
    is_char = bool(result.cursor) and result.cursor.description[0][1] == _CHAR
    return list(result.scalars())[:limit], is_char


def _frame(*, reader: BatchReader, dialect: Dialect, frame: Frame, path: str) -> pd.DataFrame:
    with _as_extract():
        file = frame_sql(dialect=dialect.name, name=frame.name)
        found = reader.read(file=file, path=path)
    twice = sorted({column for column in found.names if found.names.count(column) > 1})
    if twice:
        # Otherwise one of the two would silently win.
        raise UnableToExtract(f"{shown(file)} delivers column {', '.join(twice)} twice.")
    # Object columns: type inference would turn codes into numbers and whole numbers into floats.
    # One array, column by column, which pandas takes as it is: it would copy it otherwise.
    shape = (len(found.names), len(found.rows))
    cells = chain.from_iterable(zip(*found.rows, strict=True))
    values = np.fromiter(cells, dtype=object, count=shape[0] * shape[1]).reshape(shape)
    return pd.DataFrame(values.T, columns=found.names, dtype=object, copy=False)


def _without(
    *, frames: dict[str, pd.DataFrame], dialect: Dialect, customers: Mapping[str, Finding]
) -> dict[str, pd.DataFrame]:
    """The frames without the rows of these customers, of whom some frames have no rows."""
    if not customers:
        return frames
    kept = {}
    for frame in dialect.frames:
        data = frames[frame.name]
        # A frame that lacks its key is refused when it is looked at.
        keys = data.get(frame.key[0], pd.Series(dtype=object))
        of_others = [stripped(key) not in customers for key in keys]
        kept[frame.name] = data.iloc[[row for row, is_kept in enumerate(of_others) if is_kept]]
    return kept


def _paths(*, dialect: Dialect) -> dict[str, str]:
    """Return the place of each frame's rows in a document, without indexes."""
    paths: dict[str, str] = {}
    for frame in dialect.frames:
        paths[frame.name] = ".".join(part for part in (paths.get(frame.parent), frame.target) if part)
    return paths


def _balances(*, reader: BatchReader, dialect: Dialect) -> dict[str, tuple[Balance, ...]]:
    file = balances_sql(dialect=dialect.name)
    with _as_extract():
        found = reader.read(file=file, path="")
    if set(BALANCE) - set(found.names):
        raise UnableToExtract(f"{shown(file)} must deliver the columns {', '.join(BALANCE)}.")
    rows = []
    values = itemgetter(*map(found.names.index, BALANCE))
    for identifier, ledger, currency, amount in (map(stripped, values(row)) for row in found.rows):
        if identifier is None or identifier == "":
            raise UnableToExtract(
                f"{shown(file)} returns rows without external_identifier: whose they are is unknown."
            )
        if amount is not None and not is_amount(value=amount):
            reason = "must deliver amounts as numbers, exact and with at most 13 digits before the point"
            reader.refuse(identifier=identifier, file=file, path="", reason=reason)
        elif identifier not in reader.unreadable:
            rows.append((identifier, ledger, currency, amount))
    return legacy_balances(rows=rows)


def balances_sql(*, dialect: str) -> Path:
    """The file with the SQL of a dialect's balances."""
    return sql_path(part="reconcile", dialect=dialect, name="balances")


@cache
def _candidates(*, file: Path) -> TextClause:
    statement = text(read_sql(file))
    check_parameters(statement=statement, parameters=PAGING, source=shown(file))
    check_paging(statement=statement, source=shown(file))
    return statement


def frame_path(*, dialect: str, name: str) -> Path:
    """Return the file with the SQL of a frame, whether it is there or still to be written."""
    return sql_path(part="extract", dialect=dialect, name=name)


def frame_sql(*, dialect: str, name: str) -> Path:
    """Return the file with the SQL of a frame: the dialect's own, or else the shared one."""
    file = sql_file(part="extract", dialect=dialect, name=name)
    if file is None:
        raise UnableToExtract(f"sql/extract/{dialect}/{name}.sql is missing: write it.")
    return file
