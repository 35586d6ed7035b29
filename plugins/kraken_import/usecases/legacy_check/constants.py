"""Columns that the text of a statement leaves NULL, or the same for all, where a legacy column is needed.

The tests of a dialect ask the same (`kraken_import/conformance/of_sql.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from kraken_import.conformance.needed import (
    asked_columns,
    first_sample,
    is_as_begun,
    paths,
    shown_columns,
)
from kraken_import.conformance.samples import command
from kraken_import.usecases.legacy_check.misfits import Misfit, listed, misfit
from kraken_import.usecases.legacy_check.statements import Files, Statement
from transforms.dialect import Dialect
from transforms.tracing import UnableToTrace, constant_columns, empty_columns, tables_of

CONSTANT_KEY: Final = "constant_key"
_IDENTIFIER: Final = "external_identifier"


def constant_misfits(*, dialect: Dialect, files: Files, with_begun: bool) -> Iterator[Misfit]:
    """Yield the columns that need a legacy column and have none, and tables whose schema is not named.

    Of statements as they were begun, which deliver no row, only `with_begun`: their rows are missed anyway.
    """
    empty: dict[str, Collection[str]] = {}
    for name, statement in files.statements.items():
        try:
            empty[name] = empty_columns(sql=statement.file)
            constant = constant_columns(sql=statement.file)
            yield from _of_tables(statement=statement)
        except UnableToTrace:
            continue
        key = statement.frame.key[0] if statement.frame is not None else _IDENTIFIER
        if key in constant - set(empty[name]):
            yield misfit(
                code=CONSTANT_KEY,
                file=statement.file,
                column=key,
                says=f"delivers the same {key} for every customer: deliver the column that tells who it is",
            )
        frame = statement.frame
        if frame is None or (is_as_begun(frame=frame, empty=empty[name]) and not with_begun):
            continue
        if asked := [each for each in asked_columns(frame=frame) if each in empty[name]]:
            yield misfit(
                code="only_null",
                file=statement.file,
                column=asked[0],
                severity="warning",
                says=f"has only NULL for {listed(names=asked)}: fill in your columns",
            )
    yield from _of_sample(dialect=dialect, empty=empty)


def _of_sample(*, dialect: Dialect, empty: Mapping[str, Collection[str]]) -> Iterator[Misfit]:
    """Yield that the tests of the dialect fail, since its sample has what the SQL leaves NULL."""
    sample = first_sample(dialect=dialect)
    sent = frozenset[str]() if sample is None else paths(sample.payload)
    missing = [
        f"{name} of {frame.name}.sql"
        for frame in dialect.frames
        for name in shown_columns(dialect=dialect, frame=frame, sent=sent)
        if name in empty.get(frame.name, ())
    ]
    if missing:
        yield Misfit(
            code="only_null",
            severity="note",
            sentence=f"The tests of {dialect.name} fail, since only NULL stands for what the customer of "
            f"its sample has, {listed(names=missing, most=3)}: fill in your columns, or write a customer of "
            f"yours as the sample by {command(dialect=dialect.name)}.",
        )


def _of_tables(*, statement: Statement) -> Iterator[Misfit]:
    if statement.frame is None:
        return
    if bare := sorted({table for schema, table in tables_of(sql=statement.file) if not schema}):
        yield misfit(
            code="no_schema",
            file=statement.file,
            severity="note",
            says=f"reads {listed(names=bare)} without a schema, so that findings name no column in full and "
            "the dialect's tests fail: write the schema before the table",
        )
