"""Creates and fills the legacy database: the schema, the guides' customers, and generated ones.

All rows are made by set-based SQL in `sql/legacy/`. The seed and its number alone determine a customer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from transforms.database import UnableToQuery, place_in, sentences, shown
from transforms.sql_files import FOLDER

_SQL = FOLDER / "legacy"
_CHUNK = 50_000
"""Customers in one transaction: enough to be fast, few enough to show progress."""


_SCHEMAS = ["legacy", "generator"]

_RELATIONS = """
    SELECT format('%%s.%%s', nspname, relname) AS relation
    FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = ANY (%(schemas)s) AND relkind IN ('r', 'p', 'v', 'm', 'f')
"""


class UnknownGenerator(Exception):
    """No customers can be generated for this dialect."""


class NotTheGenerators(Exception):
    """A schema contains tables that the generator did not make, so it is left as it is. One sentence."""


def generated_dialects() -> tuple[str, ...]:
    """Return the dialects that customers can be generated for."""
    return tuple(sorted(file.stem for file in (_SQL / "generate").glob("*.sql") if file.stem != "common"))


def version() -> str:
    """Return a version that changes whenever the SQL does that makes the database."""
    digest = hashlib.sha256()
    for file in sorted(_SQL.rglob("*.sql")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def ready(*, engine: Engine) -> bool:
    """Return whether the legacy schema exists."""
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql("SELECT to_regclass('legacy.account') IS NOT NULL").scalar())


def count(*, engine: Engine, dialect: str) -> int:
    """Count the customers generated for a dialect. Raises `UnknownGenerator`."""
    _check(dialect=dialect)
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT coalesce(sum(last - first + 1), 0) FROM generator.generated WHERE dialect = %s",
                (dialect,),
            ).scalar_one()
        )


def create_schema(*, engine: Engine) -> None:
    """Create the empty schema with its keys and indexes, replacing one that the generator made.

    Raises `NotTheGenerators`.
    """
    with engine.begin() as connection:
        _create_tables(connection=connection)
        _run(connection=connection, file="constraints")


def load_guide_customers(*, engine: Engine) -> None:
    """Add the customers of the published guides."""
    with engine.begin() as connection:
        _insert_guide_customers(connection=connection)


def generate(*, engine: Engine, dialect: str, first: int, last: int, seed: int) -> None:
    """Add the customers with these numbers, both included.

    Raises `UnknownGenerator`, `NotTheGenerators`, and `UnableToQuery` for a mistake in the generator's SQL.
    """
    _check(dialect=dialect)
    with engine.connect() as connection:
        _refuse_others(connection=connection)
    for start in range(first, last + 1, _CHUNK):
        _generate(engine, dialect, start, min(start + _CHUNK - 1, last), seed)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def fill(*, engine: Engine, customers: dict[str, int], seed: int, tell: Callable[[str], None]) -> None:
    """Create the schema again with so many customers of each dialect: rows first, keys and indexes last.

    `tell` is called with a line for each step. Two connections work at once. Raises `NotTheGenerators`, and
    drops nothing then, for a schema `legacy` or `generator` that the generator did not make; and
    `UnableToQuery` for a mistake in the SQL of the generators or the guides' customers.
    """
    for dialect in customers:
        _check(dialect=dialect)
    with engine.begin() as connection:
        _create_tables(connection=connection)
        _insert_guide_customers(connection=connection)
    with ThreadPoolExecutor(max_workers=2) as workers:
        jobs = [
            workers.submit(_generate, engine, dialect, start, min(start + _CHUNK - 1, total), seed)
            for dialect, total in customers.items()
            for start in range(1, total + 1, _CHUNK)
        ]
        for done, job in enumerate(jobs, start=1):
            job.result()
            tell(f"{done} of {len(jobs)} parts are in")
        tell("Building keys and indexes")
        tables = _constraints_by_table()
        for phase in tables:
            list(workers.map(lambda statements: _execute(engine, statements), phase))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        # Candidates are read from an index alone, which requires pages that are known to be visible.
        connection.exec_driver_sql("VACUUM legacy.account, legacy.supply_point")


def adopt(*, engine: Engine) -> None:
    """Mark what a version of the generator without marks has made; only for our own bundled database.

    A schema `legacy` without the generator's own tables beside it stays without a mark.
    """
    with engine.begin() as connection:
        made_by_us = connection.exec_driver_sql(
            "SELECT to_regclass('generator.generated') IS NOT NULL"
            " AND to_regclass('generator.expected_outcome') IS NOT NULL"
            " AND to_regclass('generator.mark') IS NULL"
        ).scalar_one()
        if made_by_us:
            connection.exec_driver_sql("CREATE TABLE generator.mark (relation text PRIMARY KEY)")
            _mark(connection=connection)


def _mark(*, connection: Connection) -> None:
    connection.exec_driver_sql(f"INSERT INTO generator.mark {_RELATIONS}", {"schemas": _SCHEMAS})


def _refuse_others(*, connection: Connection) -> None:
    """Raise `NotTheGenerators` unless everything in both schemas carries the generator's mark."""
    there = connection.exec_driver_sql(
        "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY (%(schemas)s) ORDER BY nspname DESC",
        {"schemas": _SCHEMAS},
    ).scalars()
    schemas = " and ".join(there)
    if not schemas:
        return
    if not connection.exec_driver_sql("SELECT to_regclass('generator.mark') IS NOT NULL").scalar_one():
        raise NotTheGenerators(
            f"The database has a schema {schemas} that the generator did not make: nothing was changed; "
            "generate into another database, or drop the schema yourself if it is not needed."
        )
    made = connection.exec_driver_sql("SELECT relation FROM generator.mark").scalars()
    others = set(connection.exec_driver_sql(_RELATIONS, {"schemas": _SCHEMAS}).scalars()) - set(made)
    if others:
        raise NotTheGenerators(
            f"The database has {min(others)}, which the generator did not make: nothing was changed; move it "
            "to another schema, or generate into another database."
        )


def _create_tables(*, connection: Connection) -> None:
    _refuse_others(connection=connection)
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS legacy CASCADE")
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS generator CASCADE")
    for file in ("schema", "generate/common", "neighbours", "british_supplies"):
        _run(connection=connection, file=file)
    _mark(connection=connection)


def _insert_guide_customers(*, connection: Connection) -> None:
    for file in sorted((_SQL / "guide").glob("*.sql")):
        _run(connection=connection, file=f"guide/{file.stem}")


def _constraints_by_table() -> tuple[list[list[str]], list[list[str]]]:
    """Return keys and indexes grouped by table, then the foreign keys, which need both their tables."""
    text = (_SQL / "constraints.sql").read_text(encoding="utf-8")
    statements = [part.strip() for part in text.split(";") if part.strip()]
    keys: dict[str, list[str]] = {}
    for statement in statements:
        if "FOREIGN KEY" not in statement:
            table = statement.split("legacy.")[1].split()[0]
            keys.setdefault(table, []).append(statement)
    return list(keys.values()), [[text] for text in statements if "FOREIGN KEY" in text]


def _execute(engine: Engine, statements: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
        for statement in statements:
            with sentences(place=partial(_place_of, statement)):
                connection.exec_driver_sql(statement)


def _place_of(statement: str, _: int | None) -> str:
    return f"{shown(_file(name='constraints'))}, {' '.join(statement.split())},"


def _generate(engine: Engine, dialect: str, first: int, last: int, seed: int) -> None:
    with engine.begin() as connection:
        # Rows that are not acknowledged yet can be generated again.
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
        with _named(file=f"generate/{dialect}"):
            connection.exec_driver_sql(
                _read(file=f"generate/{dialect}"), {"first": first, "last": last, "seed": seed}
            )
        connection.exec_driver_sql(
            "INSERT INTO generator.generated VALUES (%s, %s, %s)", (dialect, first, last)
        )


def _run(*, connection: Connection, file: str) -> None:
    with _named(file=file):
        connection.execution_options(no_parameters=True).exec_driver_sql(_read(file=file))


@contextmanager
def _named(*, file: str) -> Iterator[None]:
    """Turn a fault in an SQL file into `UnableToQuery`, which names it."""
    path = _file(name=file)
    try:
        with sentences(place=place_in(path)):
            yield
    except (KeyError, TypeError, ValueError, IndexError):
        # The driver fills in the parameters before the server sees them.
        raise UnableToQuery(
            f"{shown(path)} has a % that is not one of its parameters: write %% for a percent sign."
        ) from None


def _read(*, file: str) -> str:
    return _file(name=file).read_text(encoding="utf-8")


def _file(*, name: str) -> Path:
    return _SQL / f"{name}.sql"


def _check(*, dialect: str) -> None:
    if dialect not in generated_dialects():
        raise UnknownGenerator(
            f"No customers can be generated for {dialect!r}: only for {', '.join(generated_dialects())}."
        )
