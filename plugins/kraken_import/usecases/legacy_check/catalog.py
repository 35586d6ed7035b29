"""What the database's own catalogue says of the tables that SQL reads: rights, columns, size, statistics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from kraken_import.usecases.legacy_check.misfits import Misfit, listed, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.database import shown, statement_in
from transforms.sql_files import FOLDER
from transforms.tracing import Source, UnableToTrace, tables_of, trace
from transforms.wording import meant

BIG: Final = 10_000
"""Rows from which on a table that is read as a whole for each batch is worth a word."""

_SQL: Final = FOLDER / "legacy_check"
_MANY_BYTES: Final = 2**20
_OWN: Final = ("pg_catalog", "information_schema")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A relation that some statement reads, as this role sees it."""

    schema: str
    name: str
    oid: int | None
    may_use: bool = True
    may_select: bool = True
    may_write: bool = False
    rows: int = 0
    """As the database estimates; -1 where it has never counted."""
    size: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    """Type by name."""
    closed: frozenset[str] = frozenset()
    """Columns that this role may not read."""

    @property
    def is_big(self) -> bool:
        """Whether reading all of it takes a while."""
        return self.rows >= BIG or (self.rows < 0 and self.size >= _MANY_BYTES)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def query(connection: Connection, *, name: str, **values: Any) -> Sequence[Any]:
    """Return the rows of a query about the catalogue."""
    statement = statement_in(_SQL / f"{name}.sql", parameters=frozenset(values))
    return connection.execute(statement, values).fetchall()


def tables(connection: Connection, *, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Table]:
    """Return what is known of relations, by schema and name as they were asked for."""
    wanted = sorted(set(names))
    rows = query(
        connection,
        name="tables",
        schemas=[schema for schema, _ in wanted],
        names=[table for _, table in wanted],
    )
    columns: dict[int, dict[str, str]] = defaultdict(dict)
    closed: dict[int, set[str]] = defaultdict(set)
    for row in query(connection, name="columns", oids=[row.oid for row in rows if row.oid is not None]):
        columns[row.oid][row.name] = row.type
        if not row.may_select:
            closed[row.oid].add(row.name)
    return {
        (row.wanted_schema, row.table_name): Table(schema=row.wanted_schema, name=row.table_name, oid=None)
        if row.oid is None
        else Table(
            schema=row.schema_name,
            name=row.table_name,
            oid=row.oid,
            may_use=row.may_use,
            may_select=row.may_select,
            may_write=row.may_write,
            rows=row.estimated_rows,
            size=row.bytes,
            columns=columns[row.oid],
            closed=frozenset(closed[row.oid]),
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What the catalogue says: by file, why a statement cannot be run; and what this role may do too much."""

    explanations: Mapping[Path, Sequence[Misfit]]
    of_role: Sequence[Misfit]
    missing: Mapping[Path, Sequence[str]]
    """By file, the tables that it reads and the database does not have."""


def look_up(*, connection: Connection, statements: Iterable[Statement]) -> Catalogue:
    """Find out what the tables and columns lack that statements read."""
    readers: dict[tuple[str, str], list[Path]] = defaultdict(list)
    sources: dict[Path, list[Source]] = {}
    for statement in statements:
        try:
            for name in sorted(tables_of(sql=statement.file)):
                if name[0] not in _OWN:
                    readers[name].append(statement.file)
            traced = trace(sql=statement.file)
        except UnableToTrace:
            continue
        sources[statement.file] = [source for each in traced.values() for source in each]
    known = tables(connection, names=readers)
    explanations: dict[Path, list[Misfit]] = defaultdict(list)
    missing: dict[Path, list[str]] = defaultdict(list)
    for name, table in known.items():
        for file in readers[name] if table.oid is None else ():
            missing[file].append(str(table))
        for each in _of_table(table=table, files=readers[name]):
            for file in readers[name]:
                explanations[file].append(each)
    for file, behind in sources.items():
        explanations[file] += _of_columns(file=file, sources=behind, known=known)
    return Catalogue(explanations=explanations, of_role=list(_of_role(known=known)), missing=missing)


def _of_table(*, table: Table, files: Sequence[Path]) -> Iterator[Misfit]:
    readers = listed(names=[shown(file) for file in files], most=3)
    if table.oid is None:
        where = "" if table.schema else " in its search path, so write its schema before it"
        code, says = "no_table", f"{table} is not in the database{where}: correct the name"
    elif not table.may_use:
        code, says = "right", f"{table} may not be read: GRANT USAGE ON SCHEMA {table.schema} to its reader"
    elif not table.may_select:
        code, says = "right", f"{table} may not be read: GRANT SELECT ON {table} to its reader"
    else:
        return
    yield Misfit(code=code, file=shown(files[0]), sentence=f"{says} (it stands in {readers}).")


def _of_columns(
    *, file: Path, sources: Iterable[Source], known: Mapping[tuple[str, str], Table]
) -> Iterator[Misfit]:
    for source in dict.fromkeys(sources):
        schema, _, name = source.table.lower().rpartition(".")
        table = known.get((schema, name))
        column = source.column.lower()
        if table is None or not table.columns or not column or column == "*":
            continue
        if column not in map(str.lower, table.columns):
            instead = meant(name=column, among=table.columns)
            hint = f"{instead} may be meant" if instead else "correct the name"
            yield misfit(
                code="no_column",
                file=file,
                column=column,
                says=f"reads column {column} of {table}, which that table does not have: {hint}",
            )
        elif table.may_select and column in table.closed:
            yield misfit(
                code="right",
                file=file,
                column=column,
                says=f"needs column {column} of {table}: GRANT SELECT ({column}) ON {table} to its reader",
            )


def _of_role(*, known: Mapping[tuple[str, str], Table]) -> Iterator[Misfit]:
    written = [str(table) for table in known.values() if table.may_write]
    if written:
        yield misfit(
            code="may_write",
            severity="warning",
            says=f"The role that reads the legacy database may write to {listed(names=written)}: give the "
            "pipeline one that may only SELECT",
        )
    unknown = [str(table) for table in known.values() if table.is_big and table.rows < 0]
    if unknown:
        yield misfit(
            code="not_analysed",
            severity="warning",
            says=f"The database has never counted {listed(names=unknown)} and guesses how to read them: run "
            "ANALYZE",
        )
