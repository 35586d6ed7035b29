"""What a client's SQL and database can have wrong: each is one finding, and hides none of the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.usecases.legacy_check.check import LegacyCheck, check_legacy
from kraken_import.usecases.legacy_check.misfits import GRADES, Misfit
from tests.conftest import NewDatabase
from tests.integration.usecases.legacy_cases import (
    ACCOUNTS,
    BALANCES,
    CANDIDATES,
    CASES,
    CUSTOMERS,
    EXISTING,
    METERS,
    SCHEMA,
    SQL,
    TOY,
)
from transforms import extract as extracting
from transforms import selection, sql_files
from transforms.build import BuildSettings
from transforms.database import statement_in
from transforms.dialect import Dialect

SECRET = "SECRET-4711"


@pytest.fixture(scope="module")
def owner(new_database: NewDatabase) -> Iterator[Engine]:
    """A client's schema of forty customers with two meters each, and one big table."""
    engine = create_engine(
        new_database().replace("://", "+psycopg2://", 1), poolclass=NullPool, hide_parameters=True
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(SCHEMA)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def reader(owner: Engine) -> Iterator[Engine]:
    """The database under a role that may only read."""
    engine = create_engine(
        owner.url.set(username="check_reader", password="of-the-tests"), hide_parameters=True
    )
    yield engine
    engine.dispose()


Write = Callable[[str, str | bytes | None], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """The client's SQL in a folder of the test's own; a call replaces one file, or removes it."""

    def put(name: str, content: str | bytes | None) -> None:
        file = tmp_path / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    statement_in.cache_clear()
    extracting._candidates.cache_clear()
    for name, content in SQL.items():
        put(name, content)
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    monkeypatch.setattr(selection, "_statement", selection._statement.__wrapped__)
    return put


def checked(engine: Engine, dialect: Dialect = TOY, limit: int = 100) -> LegacyCheck:
    found = check_legacy(
        engine=engine,
        dialect=dialect,
        settings=BuildSettings(import_supplier="X", today=date(2026, 1, 1)),
        limit=limit,
    )
    for each in found.misfits:
        _is_fit_to_be_read(each)
    return found


def _is_fit_to_be_read(told: Misfit) -> None:
    assert told.sentence.endswith(".")
    assert "\n" not in told.sentence
    for held in (SECRET, "C-0", "ARRAY[", "SELECT c"):
        assert held not in told.sentence


def test_sql_that_fits_has_no_finding_and_its_rows_are_counted(reader: Engine, write: Write) -> None:
    found = checked(reader)
    assert [each.sentence for each in found.misfits] == []
    assert (found.customers, found.statements, found.is_clean) == (CUSTOMERS, 6, True)
    assert [(line.now.frame, line.now.rows, line.now.share) for line in found.frames] == [
        ("accounts", 40, 1.0),
        ("meters", 80, 1.0),
    ]


@pytest.mark.parametrize("case", CASES)
def test_each_misfit_is_a_sentence_with_its_file_and_what_to_do(
    reader: Engine, write: Write, case: str
) -> None:
    name, old, new, expected = CASES[case]
    assert old in SQL[name]
    write(name, SQL[name].replace(old, new, 1))
    found = checked(reader)
    told = [(each.severity, each.code, each.sentence) for each in found.misfits]
    assert found.is_clean == all(severity == "note" for severity, *_ in expected)
    for severity, code, words in expected:
        assert any(
            each[0] == severity and re.fullmatch(code, each[1]) and re.search(words, each[2]) for each in told
        ), (words, told)
    assert len(told) == len(expected), told


def test_files_that_are_missing_misspelt_or_not_in_utf_8_are_named(reader: Engine, write: Write) -> None:
    write(METERS, None)
    write("extract/toy/meter", SQL[METERS])
    write(EXISTING, b"SELECT c.number -- f\xfcr uns\nFROM client.customer AS c")
    assert [(each.code, each.severity) for each in checked(reader).misfits] == [
        ("unknown_file", "error"),
        ("missing_file", "error"),
        ("not_utf_8", "error"),
    ]
    unknown, missing, latin = (each.sentence for each in checked(reader).misfits)
    assert unknown.endswith("meter.sql is read by nothing: meters.sql may be meant, so rename it.")
    assert missing.endswith("sql/extract/toy/meters.sql is missing: write it.")
    assert latin.endswith("existing.sql, line 1, is not in UTF-8: save the file as UTF-8.")


def test_what_a_wave_could_not_be_closed_with_is_told_of_changes(reader: Engine, write: Write) -> None:
    sql = """SELECT c.number || {suffix} AS external_identifier, {kind} AS kind, 1 AS changes,
        now() AS first_at, {last} AS last_at
        FROM client.customer AS c
        JOIN unnest(CAST(:identifiers AS text[]), CAST(:since AS timestamptz[])) AS given (number, since)
        ON given.number = c.number"""
    good = {"suffix": "''", "kind": "'reading'", "last": "now()"}
    write("cutover/toy/changes", sql.format(**good))
    assert checked(reader).misfits == []
    for changed, code in (
        ({"kind": "c.name"}, "unknown_kind"),
        ({"suffix": "'9'"}, "stranger"),
        ({"last": "CAST(NULL AS timestamptz)"}, "empty_value"),
    ):
        statement_in.cache_clear()
        write("cutover/toy/changes", sql.format(**good | changed))
        (told,) = checked(reader).misfits
        assert (told.code, told.severity) == (code, "error")
        assert "changes.sql delivers rows (40 of 40) that " in told.sentence


def test_statements_that_write_are_read_and_never_run(reader: Engine, write: Write) -> None:
    write("legacy_writeback/toy/hold", "INSERT INTO client.hold SELECT :todo")
    told = [(each.code, each.sentence) for each in checked(reader).misfits]
    assert [code for code, _ in told] == ["unknown_parameter", "unread_parameter", "missing_file"]
    assert "hold.sql names :todo in line 1" in told[0][1]
    assert "hold.sql does not look at :identifiers: it must select by :identifiers" in told[1][1]
    assert told[2][1].endswith("sql/legacy_writeback/toy/release.sql is missing: write it.")
    # A wave holds customers as soon as there is the folder, whatever is in it.
    write("legacy_writeback/toy/hold", None)
    write("legacy_writeback/toy/holds", SQL[EXISTING])
    told = [(each.code, each.sentence) for each in checked(reader).misfits]
    assert [code for code, _ in told] == ["unknown_file", "missing_file", "missing_file"]
    assert "holds.sql is read by nothing: hold.sql may be meant, so rename it" in told[0][1]


def test_names_that_only_the_database_understands_are_no_fault(reader: Engine, write: Write) -> None:
    write(
        METERS,
        """SELECT c.one AS external_identifier, m.meter AS meter_key, m.digits,
            CASE WHEN m IS NOT NULL THEN m.fuel END AS fuel
        FROM client.customer AS c (one, two) JOIN client.meter AS m ON m.number = c.one
        WHERE c.one = ANY (CAST(:identifiers AS text[])) ORDER BY c.one""",
    )
    assert checked(reader).misfits == []


def test_a_byte_order_mark_is_no_part_of_a_statement(reader: Engine, write: Write) -> None:
    for name, content in SQL.items():
        write(name, b"\xef\xbb\xbf" + content.encode())
    assert checked(reader).misfits == []


def test_findings_of_all_statements_come_together_errors_first(reader: Engine, write: Write) -> None:
    write(
        ACCOUNTS,
        SQL[ACCOUNTS].replace("c.class,", "c.klass AS class,").replace("c.balance", "c.rough AS balance"),
    )
    write(METERS, SQL[METERS].replace("m.digits,", "m.digits,,"))
    write(CANDIDATES, SQL[CANDIDATES].replace("ORDER BY c.number", "ORDER BY c.number DESC"))
    write(EXISTING, SQL[EXISTING].replace("client.customer", "client.closed"))
    write(BALANCES, SQL[BALANCES].replace("c.balance", "c.rough"))
    found = checked(reader)
    codes = [each.code for each in found.misfits]
    assert {"no_column", "statement", "candidate_order", "right", "wrong_type", "no_amount"} <= set(codes)
    grades = [GRADES.index(each.severity) for each in found.misfits]
    assert grades == sorted(grades)
    assert found.number(severity="error") == grades.count(0)


def test_a_role_that_may_write_and_a_table_that_was_never_counted_are_warned_of(
    owner: Engine, write: Write
) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE client.fresh AS SELECT * FROM client.history, generate_series(1, 2)"
        )
    write(EXISTING, SQL[EXISTING].replace("client.customer AS c", "client.fresh AS c"))
    try:
        told = {each.code: each.sentence for each in checked(owner).misfits}
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("DROP TABLE client.fresh")
    assert "may write to client.customer, client.fresh, client.meter: give the pipeline" in told["may_write"]
    assert "has never counted client.fresh and guesses how to read them: run ANALYZE" in told["not_analysed"]


def test_configured_columns_without_a_map_and_maps_to_words_that_there_are_not_are_named(
    reader: Engine, write: Write
) -> None:
    (found,) = checked(reader, replace(TOY, default_values={})).misfits
    assert (found.code, found.severity) == ("unmapped_code", "warning")
    assert "(40 of 40 rows): Setting teams has no values" in found.sentence
    assert found.sentence.endswith("the codes are T1.")
    accounts, meters = TOY.frames
    column = replace(accounts.columns[0], codes={"DOM": "DOMESTICA"})
    broken = replace(TOY, frames=(replace(accounts, columns=(column, *accounts.columns[1:])), meters))
    told = [each.sentence for each in checked(reader, broken).misfits]
    assert told[0].startswith(
        "Column class of frame accounts makes 'DOMESTICA' of code 'DOM', which account_type cannot be"
    )


@pytest.mark.parametrize("type_", ["text", "bpchar"])
def test_keys_that_are_padded_in_char_columns_are_no_fault(reader: Engine, write: Write, type_: str) -> None:
    for name, content in SQL.items():
        if name != "plan/shared/all":
            write(
                name,
                content.replace("c.number", "c.padded")
                .replace("AS text[]", f"AS {type_}[]")
                .replace(":after AS text", f":after AS {type_}")
                .replace("m.number = c.padded", "m.number = CAST(c.padded AS text)"),
            )
    codes = {each.code for each in checked(reader).misfits}
    assert codes == ({"char_key"} if type_ == "text" else set())


def test_few_customers_are_looked_at_where_a_limit_says_so(reader: Engine, write: Write) -> None:
    found = checked(reader, limit=8)
    assert (found.customers, found.misfits) == (8, [])
