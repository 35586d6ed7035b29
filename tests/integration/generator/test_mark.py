"""The generator's mark: what it did not make, it never drops, whatever leads there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.conftest import ROOT, NewDatabase
from transforms.database import UnableToQuery


@pytest.fixture(scope="module")
def dsn(new_database: NewDatabase) -> str:
    return new_database()


@pytest.fixture
def engine(dsn: str) -> Iterator[Engine]:
    """One database for all of these tests, without either schema."""
    engine = create_engine(dsn.replace("://", "+psycopg2://", 1), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS legacy, generator CASCADE")
    yield engine
    engine.dispose()


def _fill(engine: Engine) -> None:
    load.fill(engine=engine, customers={"plenitude_accounts": 2}, seed=7, tell=lambda _: None)


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _tables(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_tables WHERE schemaname IN ('legacy', 'generator')"
            ).scalar_one()
        )


CLIENTS = ("CREATE SCHEMA legacy", "CREATE TABLE legacy.account (account_number text)")


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (CLIENTS, "a schema legacy that"),
        (("CREATE SCHEMA generator",), "a schema generator that"),
        ((*CLIENTS, "CREATE SCHEMA generator"), "a schema legacy and generator that"),
    ],
)
def test_a_schema_without_the_generators_mark_is_never_dropped(
    engine: Engine, statements: tuple[str, ...], named: str
) -> None:
    _run(engine, *statements)
    before = _tables(engine)
    for act in (
        _fill,
        lambda engine: load.create_schema(engine=engine),
        lambda engine: load.generate(engine=engine, dialect="plenitude_accounts", first=1, last=1, seed=7),
    ):
        with pytest.raises(load.NotTheGenerators, match=f"{named} the generator did not make: nothing"):
            act(engine)
    assert _tables(engine) == before


def test_what_the_generator_made_is_made_again(engine: Engine) -> None:
    _fill(engine)
    before = _tables(engine)
    _fill(engine)
    assert _tables(engine) == before
    assert load.count(engine=engine, dialect="plenitude_accounts") == 2


def test_a_table_that_people_put_beside_the_generators_keeps_the_schema(engine: Engine) -> None:
    _fill(engine)
    _run(engine, "CREATE TABLE legacy.our_notes (body text)")
    with pytest.raises(load.NotTheGenerators, match=r"has legacy\.our_notes, which the generator did not"):
        _fill(engine)
    assert load.count(engine=engine, dialect="plenitude_accounts") == 2


def test_the_bundled_database_of_an_older_version_is_adopted_and_a_clients_is_not(engine: Engine) -> None:
    _fill(engine)
    _run(engine, "DROP TABLE generator.mark")
    with pytest.raises(load.NotTheGenerators):
        _fill(engine)
    load.adopt(engine=engine)
    _fill(engine)
    _run(engine, "DROP SCHEMA legacy, generator CASCADE", *CLIENTS)
    load.adopt(engine=engine)
    with pytest.raises(load.NotTheGenerators):
        _fill(engine)


def test_the_commands_refuse_in_one_sentence(engine: Engine, dsn: str) -> None:
    _run(engine, *CLIENTS)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "LEGACY_DSN": dsn}
    for command, last in (
        (["kraken_import.generator", "--accounts", "5"], "if it is not needed."),
        (["kraken_import.local", "legacy"], "The legacy database was not filled, as said above."),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 1
        assert "has a schema legacy that the generator did not make" in done.stderr.splitlines()[0]
        assert done.stderr.splitlines()[-1].endswith(last)
        assert "Traceback" not in done.stderr
    assert _tables(engine) == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "generate/plenitude_accounts",
            "made.account_number,",
            "made.acount_number,",
            r"generate/plenitude_accounts\.sql, line \d+, does not fit .*acount_number",
        ),
        (
            "generate/plenitude_accounts",
            "%(seed)s, n, 301",
            "%(sed)s, n, 301",
            r"\.sql has a % that is not one",
        ),
        (
            "guide/plenitude_accounts",
            "VALUES (-200, -200)",
            "VALUES (-200)",
            r"guide/plenitude_accounts\.sql breaks a constraint of the database",
        ),
        (
            "guide/plenitude_accounts",
            "VALUES (-200, -200)",
            "VALUES (-200, -9999)",
            r"constraints\.sql, ALTER TABLE legacy\.premise ADD .*FOREIGN KEY .* breaks a constraint",
        ),
    ],
)
def test_a_mistake_in_the_generators_sql_is_one_sentence_with_its_file(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, said: str
) -> None:
    shutil.copytree(ROOT / "sql" / "legacy", tmp_path / "legacy")
    path = tmp_path / "legacy" / f"{file}.sql"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(load, "_SQL", tmp_path / "legacy")
    with pytest.raises(UnableToQuery, match=said) as refused:
        _fill(engine)
    assert "\n" not in str(refused.value)
