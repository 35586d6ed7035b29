"""Reads the frames of a whole batch from the legacy database: one query a frame, one snapshot a batch.

The SQL stands in `sql/extract/<dialect>/`: a file for each frame, `candidates.sql` (who may migrate) and
`existing.sql` (who is there at all); what several dialects share, in `sql/extract/shared/`. To use another
legacy schema, rewrite these files only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import ProgrammingError

from transforms.dialect import Dialect
from transforms.memory import collector_paused
from transforms.money import Balance, legacy_balances

_SQL_FOLDER = Path(__file__).resolve().parents[1] / "sql" / "extract"
_RECONCILE_FOLDER = _SQL_FOLDER.parent / "reconcile"


class UnableToExtract(Exception):
    """A dialect's SQL is missing, names a column twice, or does not fit the legacy database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Frames by name, with untyped columns, and the time of the snapshot they were read in."""

    frames: dict[str, pd.DataFrame]
    watermark: datetime
    balances: dict[str, tuple[Balance, ...]] = field(default_factory=dict)
    """By external identifier, where they were asked for: what the legacy database says is owed."""


def extract(
    *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], with_balances: bool = False
) -> Extract:
    """Read every frame for these customers in one repeatable-read, read-only transaction.

    With `with_balances` also the balances to reconcile, in the same snapshot. Raises `UnableToExtract`.
    """
    with _snapshot(engine=engine) as connection, connection.begin(), collector_paused():
        watermark = connection.execute(text("SELECT transaction_timestamp()")).scalar_one()
        frames = {
            frame.name: _frame(
                connection=connection, dialect=dialect.name, name=frame.name, identifiers=identifiers
            )
            for frame in dialect.frames
        }
        balances = (
            _balances(connection=connection, dialect=dialect, identifiers=identifiers)
            if with_balances and dialect.money
            else {}
        )
    return Extract(frames=frames, watermark=watermark, balances=balances)


def candidate_identifiers(*, engine: Engine, dialect: Dialect, after: str | None, limit: int) -> list[str]:
    """The next customers that may migrate, in order, above `after` (None: from the first)."""
    with _snapshot(engine=engine) as connection:
        rows = connection.execute(
            _statement(dialect=dialect.name, name="candidates"), {"after": after, "row_limit": limit}
        )
        return list(rows.scalars())


def existing_identifiers(*, engine: Engine, dialect: Dialect, identifiers: Sequence[str]) -> set[str]:
    """Which of these customers the legacy database has."""
    with _snapshot(engine=engine) as connection:
        rows = connection.execute(
            _statement(dialect=dialect.name, name="existing"), {"identifiers": list(identifiers)}
        )
        return set(rows.scalars())


def _snapshot(*, engine: Engine) -> Connection:
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _frame(*, connection: Connection, dialect: str, name: str, identifiers: Sequence[str]) -> pd.DataFrame:
    try:
        result = connection.execute(
            _statement(dialect=dialect, name=name), {"identifiers": list(identifiers)}
        )
    except ProgrammingError as error:
        # Such as a table or column that is not there. The error itself quotes the identifiers.
        reason = str(error.orig).splitlines()[0]
        raise UnableToExtract(
            f"sql/extract/{dialect}/{name}.sql does not fit the legacy database: {reason}."
        ) from None
    names = list(result.keys())
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        # One of the two would silently win.
        raise UnableToExtract(f"sql/extract/{dialect}/{name}.sql delivers column {', '.join(twice)} twice.")
    rows = result.fetchall()
    # Object columns: type inference would turn codes into numbers and whole numbers into floats.
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pd.DataFrame(
        {name: pd.Series(list(column), dtype=object) for name, column in zip(names, columns, strict=True)}
    )


def _balances(
    *, connection: Connection, dialect: Dialect, identifiers: Sequence[str]
) -> dict[str, tuple[Balance, ...]]:
    file = balances_sql(dialect=dialect.name)
    try:
        rows = connection.execute(
            text(file.read_text(encoding="utf-8")), {"identifiers": list(identifiers)}
        ).fetchall()
        return legacy_balances(
            rows=((row.external_identifier, row.ledger, row.currency, row.amount) for row in rows)
        )
    except FileNotFoundError:
        reason = "is missing: write it"
    except ProgrammingError as error:
        reason = f"does not fit the legacy database: {str(error.orig).splitlines()[0]}"
    except AttributeError:
        reason = "must deliver the columns external_identifier, ledger, currency and amount"
    except (ArithmeticError, ValueError):
        reason = "must deliver amounts as numbers"
    raise UnableToExtract(f"sql/reconcile/{dialect.name}/balances.sql {reason}.")


def balances_sql(*, dialect: str) -> Path:
    """The file with the SQL of a dialect's balances."""
    return _RECONCILE_FOLDER / dialect / "balances.sql"


@cache
def _statement(*, dialect: str, name: str) -> TextClause:
    return text(frame_sql(dialect=dialect, name=name).read_text(encoding="utf-8"))


def frame_sql(*, dialect: str, name: str) -> Path:
    """The file with the SQL of a frame: the dialect's own, or else the one that several share."""
    for folder in (dialect, "shared"):
        file = _SQL_FOLDER / folder / f"{name}.sql"
        if file.is_file():
            return file
    raise UnableToExtract(f"sql/extract/{dialect}/{name}.sql is missing: write it.")
