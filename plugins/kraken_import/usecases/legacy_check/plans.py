"""How the database would read a batch: tables that it reads as a whole, and why no index serves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from kraken_import.usecases.legacy_check.catalog import Table, tables
from kraken_import.usecases.legacy_check.misfits import Misfit, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.database import read_sql

FEW: Final = 10
"""Customers to plan for: so few that any index that serves is used."""

_AS_TEXT: Final = re.compile(r"""\(+(?:"?\w+"?\.)?"?(\w+)"?\)+::text (?:= ANY \(|> ')""")
"""A column that is compared with the customers asked for, or with the one that a page begins after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """How a table is read; `compared` are its columns that are compared as text, row by row."""

    schema: str
    table: str
    is_whole: bool
    compared: tuple[str, ...]


def plan_misfits(
    *, connection: Connection, plans: Mapping[str, tuple[Statement, Mapping[str, Any]]]
) -> Iterator[Misfit]:
    """Yield the big tables that each statement reads as a whole, given its parameters for a few customers."""
    scans = {
        name: _scans(connection=connection, statement=statement, values=values)
        for name, (statement, values) in plans.items()
    }
    names = {(scan.schema, scan.table) for each in scans.values() for scan in each}
    known = tables(connection, names=names)
    for name, found in scans.items():
        for scan in dict.fromkeys(found):
            yield from _of_scan(statement=plans[name][0], scan=scan, table=known[scan.schema, scan.table])


def _of_scan(*, statement: Statement, scan: _Scan, table: Table) -> Iterator[Misfit]:
    padded = [name for name in scan.compared if table.columns.get(name) == "bpchar"]
    each = "page" if statement.name == "candidates" else "batch"
    if padded:
        yield misfit(
            code="char_key",
            file=statement.file,
            column=padded[0],
            severity="warning",
            says=f"compares {padded[0]} of {table}, a CHAR column, with text, which no index serves: write "
            "= ANY (CAST(:identifiers AS bpchar[])), and > CAST(:after AS bpchar)",
        )
    elif scan.is_whole and table.is_big:
        size = f"{table.rows:,} rows" if table.rows >= 0 else f"{table.size // 2**20:,} MiB"
        yield misfit(
            code="whole_table",
            file=statement.file,
            severity="warning",
            says=f"reads all of {table} ({size}) for each {each}: give the columns by which it is joined or "
            "selected there an index",
        )


def _scans(*, connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Sequence[_Scan]:
    explained = text(f"EXPLAIN (FORMAT JSON, VERBOSE) {read_sql(statement.file)}")
    try:
        with connection.begin_nested():
            (found,) = connection.execute(explained, values).scalars()
    except SQLAlchemyError:
        # What is wrong with the statement itself has been said when it was run.
        return []
    return list(_walk(node=found[0]["Plan"]))


def _walk(*, node: Mapping[str, Any]) -> Iterator[_Scan]:
    compared = tuple(_AS_TEXT.findall(node.get("Filter", "")))
    is_whole = node["Node Type"] == "Seq Scan"
    # An index may serve for another column alone, such as the client that each table of SAP begins with.
    if "Relation Name" in node and (is_whole or compared):
        yield _Scan(schema=node["Schema"], table=node["Relation Name"], is_whole=is_whole, compared=compared)
    for inner in node.get("Plans", ()):
        yield from _walk(node=inner)
