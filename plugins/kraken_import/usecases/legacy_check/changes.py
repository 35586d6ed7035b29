"""What the rows of changes.sql have that no late change can be listed with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from kraken_import.usecases.cutover import CHANGE_COLUMNS, CHANGE_KINDS
from kraken_import.usecases.legacy_check.misfits import Misfit, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.database import place_in, sentences, statement_in, stripped

_CUSTOMERS: Final = 100
"""Of so many customers at most: asked since long ago, each has all that ever reached the system."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def change_misfits(
    *, connection: Connection, statement: Statement, customers: Sequence[str]
) -> Iterator[Misfit]:
    """Yield why a wave could not be closed with what changes.sql delivers. Raises `UnableToQuery`."""
    asked = list(customers[:_CUSTOMERS])
    clause = statement_in(statement.file, parameters=statement.parameters)
    with sentences(place=place_in(statement.file)):
        result = connection.execute(clause, {"identifiers": asked, "since": [_LONG_AGO] * len(asked)})
        if not set(CHANGE_COLUMNS) <= set(result.keys()):
            return
        rows = [[stripped(getattr(row, name)) for name in CHANGE_COLUMNS] for row in result]
    known = ", ".join(sorted(CHANGE_KINDS))
    for code, column, number, says in (
        ("empty_value", "", sum(None in row for row in rows), "have a NULL: every column must have a value"),
        (
            "stranger",
            CHANGE_COLUMNS[0],
            sum(row[0] not in asked and row[0] is not None for row in rows),
            "are of customers that it was not asked for: select by :identifiers",
        ),
        (
            "unknown_kind",
            CHANGE_COLUMNS[1],
            sum(row[1] not in CHANGE_KINDS and row[1] is not None for row in rows),
            f"have another kind than {known}: say one of these",
        ),
    ):
        if number:
            yield misfit(
                code=code,
                file=statement.file,
                column=column,
                says=f"delivers rows ({number:,} of {len(rows):,}) that {says}",
            )
