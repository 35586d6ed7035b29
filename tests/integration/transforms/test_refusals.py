"""What a client's SQL, rights and data can do wrong: one sentence with the file, and never a value."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from tests.conftest import NewDatabase
from transforms import selection, sql_files
from transforms.assemble import FrameContractBroken
from transforms.build import BuildResult, BuildSettings, build
from transforms.database import DatabaseInterrupted, UnableToQuery, statement_in
from transforms.dialect import Column, Dialect, Frame, MoneySource
from transforms.extract import (
    UnableToExtract,
    advice_on_missing,
    candidate_identifiers,
    candidate_pages,
    existing_identifiers,
    extract,
)
from transforms.models.base import Entity, Payload
from transforms.selection import Selection, UnableToSelect, select

SECRET = "SECRET-4711"
CUSTOMERS = [f"C-{number:03}" for number in range(1, 41)]
BROKEN = {"C-007", "C-008", "C-023", "C-040"}

KEY = "external_identifier"


class Meter(Entity):
    """A meter of the client's."""

    digits: str


class Account(Payload):
    """An account of the client's."""

    import_supplier: str
    external_identifier: str
    account_type: str
    meters: list[Meter]


TOY = Dialect(
    name="toy",
    title="Toy",
    resource="accounts",
    market="PT",
    zone="UTC",
    identifier_path=(KEY,),
    default_import_supplier="X",
    model=Account,
    rules=lambda _: (),
    money=(MoneySource(currency="EUR", field="no_such"),),
    frames=(
        Frame(
            name="accounts",
            key=(KEY,),
            columns=(Column(name="account_type", kind="text", meaning="A text."),),
        ),
        Frame(
            name="meters",
            key=(KEY, "meter_key"),
            columns=(Column(name="digits", kind="text", meaning="A number."),),
            parent="accounts",
            target="meters",
        ),
    ),
)

SQL = {
    "extract/toy/accounts": "SELECT number AS external_identifier, kind AS account_type\n"
    "FROM client.customer WHERE number = ANY (CAST(:identifiers AS text[])) ORDER BY number",
    "extract/toy/meters": "SELECT number AS external_identifier, '1' AS meter_key,\n"
    "kind AS digits FROM client.customer WHERE number = ANY (CAST(:identifiers AS text[])) ORDER BY number",
    "extract/toy/candidates": "SELECT number AS external_identifier FROM client.customer\n"
    "WHERE number > coalesce(CAST(:after AS text), '') ORDER BY number LIMIT :row_limit",
    "extract/toy/existing": "SELECT number AS external_identifier FROM client.customer\n"
    "WHERE number = ANY (CAST(:identifiers AS text[]))",
    "reconcile/toy/balances": "SELECT number AS external_identifier, 'main' AS ledger, 'EUR' AS currency,\n"
    "1.5 AS amount FROM client.customer WHERE number = ANY (CAST(:identifiers AS text[]))",
    "plan/toy/candidates": "SELECT number AS external_identifier, kind AS stratum,\n"
    "CAST(NULL AS text) AS exclusion FROM client.customer",
    "plan/toy/all": "SELECT external_identifier, 0 AS priority, stratum, exclusion FROM candidate\n"
    "WHERE external_identifier > coalesce(CAST(:after AS text), '')\n"
    "ORDER BY external_identifier LIMIT :row_limit",
}


@pytest.fixture(scope="module")
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    """A client's schema of forty customers; four have a text where others have a number."""
    engine = create_engine(
        new_database().replace("://", "+psycopg2://", 1), poolclass=NullPool, hide_parameters=True
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA client")
        connection.exec_driver_sql(
            "CREATE TABLE client.customer (number text, padded char(12), blank text, kind text, digits text)"
        )
        connection.exec_driver_sql(
            "INSERT INTO client.customer SELECT number, number, number || '  ', 'DOM',"
            " CASE WHEN number = ANY (%(broken)s) THEN %(secret)s ELSE '5' END"
            " FROM unnest(%(numbers)s) AS number",
            {"broken": list(BROKEN), "secret": SECRET, "numbers": CUSTOMERS},
        )
        connection.exec_driver_sql("CREATE TABLE client.closed (number text)")
        connection.exec_driver_sql(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'client_reader') THEN"
            " CREATE ROLE client_reader LOGIN PASSWORD 'of-the-tests'; END IF; END $$"
        )
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA client TO client_reader")
        connection.exec_driver_sql("GRANT SELECT ON client.customer TO client_reader")
    yield engine
    engine.dispose()


@pytest.fixture
def reader(engine: Engine) -> Iterator[Engine]:
    """The database under a role that may read one table, with half a second for a statement."""
    reader = create_engine(
        engine.url.set(username="client_reader", password="of-the-tests"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"options": "-cstatement_timeout=500"},
    )
    yield reader
    reader.dispose()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The client's SQL in a folder of the test's own; a call replaces one file, or removes it."""

    def put(name: str, content: str | bytes | None) -> None:
        file = tmp_path / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        # A file is read once in a process.
        statement_in.cache_clear()
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    for name, content in SQL.items():
        put(name, content)
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    selection._statement.cache_clear()
    monkeypatch.setattr(selection, "_statement", selection._statement.__wrapped__)
    return put


def _built(engine: Engine, identifiers: list[str] = CUSTOMERS, dialect: Dialect = TOY) -> BuildResult:
    extracted = extract(engine=engine, dialect=dialect, identifiers=identifiers, with_balances=True)
    return build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=date(2026, 1, 1)),
        unreadable=extracted.unreadable,
    )


STEPS: dict[str, tuple[str, Callable[[Engine], Any]]] = {
    "frame": ("extract/toy/meters", lambda engine: _built(engine)),
    "balances": ("reconcile/toy/balances", lambda engine: _built(engine)),
    "candidates": (
        "extract/toy/candidates",
        lambda engine: list(candidate_pages(engine=engine, dialect=TOY, size=10)),
    ),
    "existing": (
        "extract/toy/existing",
        lambda engine: existing_identifiers(engine=engine, dialect=TOY, identifiers=CUSTOMERS),
    ),
    "rule": (
        "plan/toy/all",
        lambda engine: list(select(engine=engine, dialect=TOY, selection=Selection(rule="all"), page=10)),
    ),
}

TAIL = {
    "frame": " WHERE number = ANY (CAST(:identifiers AS text[]))",
    "balances": " WHERE number = ANY (CAST(:identifiers AS text[]))",
    "existing": " WHERE number = ANY (CAST(:identifiers AS text[]))",
    "candidates": " WHERE number > coalesce(CAST(:after AS text), '') ORDER BY number LIMIT :row_limit",
    "rule": " WHERE number > coalesce(CAST(:after AS text), '') ORDER BY number LIMIT :row_limit",
}

FAULTS: dict[str, tuple[str | bytes | None, str]] = {
    "missing": (None, "is missing: write it"),
    "latin-1": (b"SELECT number\n-- f\xfcr uns\nFROM client.customer", "line 2, is not in UTF-8"),
    "column": ("SELECT\nno_such AS external_identifier FROM client.customer {tail}", "line 2, does not fit"),
    "table": ("SELECT number FROM client.no_such {tail}", '42P01, undefined table; relation "client.no_such'),
    "right": ("SELECT number FROM client.closed {tail}", "needs a right .* 42501, .* for table closed"),
    "syntax": (f"SELECT '{SECRET}' number,\n, FROM client.customer {{tail}}", "line 2, is not valid SQL"),
    "parameter": (
        "SELECT number, ':x', substring(number FROM '(?:a)') FROM client.customer {tail}",
        "names :a",
    ),
    "writing": (
        "WITH a AS (INSERT INTO client.customer VALUES ('1') RETURNING number)\nSELECT number FROM a {tail}",
        "tries to write, .*|needs a right",
    ),
    "timeout": ("SELECT number FROM client.customer, pg_sleep(9) {tail}", "was broken off, .* 57014"),
    "empty": ("-- {tail}", "is empty|delivers no rows"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_sql_is_one_sentence_that_names_the_file(
    reader: Engine, write: Callable[..., None], caplog: pytest.LogCaptureFixture, step: str, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    name, act = STEPS[step]
    content, expected = FAULTS[fault]
    write(name, content.replace("{tail}", TAIL[step]) if isinstance(content, str) else content)
    if (step, fault) in ELSEWHERE:
        expected = ELSEWHERE[step, fault]
    with pytest.raises((UnableToExtract, UnableToSelect), match=expected) as failed:
        act(reader)
    _holds_no_value(str(failed.value), caplog)
    assert (step, fault) in ELSEWHERE or f"{name.rpartition('/')[2]}.sql" in str(failed.value)


ELSEWHERE = {
    ("rule", "missing"): "There is no rule 'all' for toy",
    ("rule", "parameter"): "Rule all needs a, x: fill it in",
    ("rule", "writing"): r"all\.sql, line 1, cannot be run: correct it \(SQLSTATE 0A000",
    ("rule", "empty"): r"all\.sql, line 2, is not valid SQL",
}


def _holds_no_value(sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for held in (SECRET, "C-0", "SELECT number", "ARRAY["):
        assert held not in sentence
        assert held not in caplog.text


BAD_CAST = (
    "SELECT number AS external_identifier, '1' AS meter_key,\n"
    "CAST(CAST(digits AS integer) AS text) AS digits FROM client.customer\n"
    "WHERE number = ANY (CAST(:identifiers AS text[])) ORDER BY number"
)
BAD_BALANCE = (
    "SELECT number AS external_identifier, 'main' AS ledger, 'EUR' AS currency,\n"
    "CAST(digits AS numeric) AS amount FROM client.customer\n"
    "WHERE number = ANY (CAST(:identifiers AS text[]))"
)
BAD_TEXT = BAD_BALANCE.replace("CAST(digits AS numeric)", "digits")

BAD_SIZE = BAD_BALANCE.replace(
    "CAST(digits AS numeric)", "CASE WHEN digits ~ '^[0-9]+$' THEN 1 ELSE CAST('1e131000' AS numeric) END"
)
BAD_JSON = BAD_CAST.replace(
    "CAST(CAST(digits AS integer) AS text)",
    "CASE WHEN digits ~ '^[0-9]+$' THEN to_json(digits) "
    "ELSE CAST(repeat('[', 3000) || repeat(']', 3000) AS json) END",
)


@pytest.mark.parametrize(
    ("name", "content", "path", "detail"),
    [
        ("extract/toy/meters", BAD_JSON, "meters", "delivers JSON that is nested too deeply"),
        ("reconcile/toy/balances", BAD_SIZE, "", "must deliver amounts as numbers, exact and"),
        ("extract/toy/meters", BAD_CAST, "meters", "cannot convert .* 22P02, invalid text rep"),
        ("reconcile/toy/balances", BAD_BALANCE, "", "cannot convert .* 22P02, invalid text rep"),
        ("reconcile/toy/balances", BAD_TEXT, "", "must deliver amounts as numbers"),
    ],
)
def test_a_value_that_cannot_be_read_rejects_its_customer_and_no_other(
    engine: Engine,
    write: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    name: str,
    content: str,
    path: str,
    detail: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    write(name, content)
    result = _built(engine)
    assert {each.external_identifier for each in result.rejections} == BROKEN
    assert [each.external_identifier for each in result.payloads] == [
        each for each in CUSTOMERS if each not in BROKEN
    ]
    for rejection in result.rejections:
        (finding,) = rejection.findings
        assert (finding.code, finding.path) == ("unreadable", path)
        assert re.search(rf"{name.rpartition('/')[2]}\.sql.* {detail}", finding.detail)
        _holds_no_value(finding.detail, caplog)


def test_halving_costs_a_few_queries_for_each_customer_and_keeps_the_snapshot(
    engine: Engine, write: Callable[..., None]
) -> None:
    write(
        "extract/toy/accounts",
        BAD_CAST.replace("'1' AS meter_key,", "").replace("AS digits", "AS account_type"),
    )
    sent: list[str] = []

    def interfere(*arguments: Any) -> None:
        sent.append(arguments[2])
        if len(sent) == 2:
            # While the batch is read, another session mends what could not be read.
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE client.customer SET kind = 'NEW'")

    event.listen(engine, "before_cursor_execute", interfere)
    try:
        extracted = extract(engine=engine, dialect=TOY, identifiers=CUSTOMERS)
    finally:
        event.remove(engine, "before_cursor_execute", interfere)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE client.customer SET kind = 'DOM'")
    assert set(extracted.unreadable) == BROKEN
    assert set(extracted.frames["meters"]["digits"]) == {"DOM"}
    assert set(extracted.frames["meters"][KEY]) == set(CUSTOMERS) - BROKEN
    assert len(sent) < 80


def test_a_value_that_fails_for_every_customer_is_a_fault_of_the_sql(
    engine: Engine, write: Callable[..., None]
) -> None:
    write("extract/toy/meters", BAD_CAST.replace("digits AS integer", f"'{SECRET}' AS integer"))
    with pytest.raises(UnableToExtract, match=r"meters\.sql, line 2, .*; it fails whichever") as failed:
        _built(engine)
    assert SECRET not in str(failed.value)


def test_a_lost_connection_is_worth_another_try(engine: Engine, write: Callable[..., None]) -> None:
    write(
        "extract/toy/accounts",
        f"SELECT pg_terminate_backend(pg_backend_pid()), number FROM client.customer{TAIL['frame']}",
    )
    with pytest.raises(DatabaseInterrupted, match=r"accounts\.sql was interrupted") as failed:
        _built(engine)
    assert not isinstance(failed.value, UnableToQuery)


CANDIDATES = SQL["extract/toy/candidates"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CANDIDATES.replace("> coalesce(CAST(:after AS text), '')", "<> '' OR :after = ''"), "again"),
        (CANDIDATES.replace("ORDER BY number", "ORDER BY number DESC"), "not .* in ascending order|again"),
        (CANDIDATES.replace("ORDER BY number", "ORDER BY md5(number)"), "not .* in ascending order"),
        (CANDIDATES.replace("ORDER BY number", ""), "has no ORDER BY"),
        (CANDIDATES.replace(":after", "''"), "does not look at :after"),
        (CANDIDATES.replace(":row_limit", "10"), "does not look at :row_limit"),
        (CANDIDATES.replace("SELECT number", "SELECT nullif(number, 'C-013')"), "is NULL or blank"),
        (CANDIDATES.replace("SELECT number", "SELECT 5"), "is not a text"),
        (
            CANDIDATES.replace("FROM client.customer", "FROM client.customer, (VALUES (1), (2)) AS two"),
            "twice",
        ),
    ],
)
@pytest.mark.parametrize("size", [7, 100])
def test_candidates_that_do_not_lead_from_page_to_page_end_with_a_sentence(
    engine: Engine, write: Callable[..., None], content: str, expected: str, size: int
) -> None:
    write("extract/toy/candidates", content)
    with pytest.raises(UnableToExtract, match=rf"candidates\.sql .*({expected})"):
        list(candidate_pages(engine=engine, dialect=TOY, size=size))
    rule = SQL["plan/toy/all"].replace(
        "FROM candidate", "FROM (SELECT *, external_identifier AS number FROM candidate) AS c"
    )
    for one, other in ((":after", "''"), ("ORDER BY external_identifier", "ORDER BY md5(number)")):
        write("plan/toy/all", rule.replace(one, other))
        with pytest.raises(UnableToSelect, match=r"all\.sql (does not look at :after|.* ascending order)"):
            list(select(engine=engine, dialect=TOY, selection=Selection(rule="all"), page=size))


@pytest.mark.parametrize(
    ("key", "after", "order"),
    [
        ("number", "CAST(:after AS text)", "number"),
        ("lower(number) || CASE WHEN digits = '5' THEN 'B' ELSE 'a' END", None, None),
        (
            "CAST(CAST(substr(number, 3) AS integer) AS text)",
            "CAST(:after AS integer)",
            "CAST(substr(number, 3) AS integer)",
        ),
        ("padded", "CAST(:after AS text)", "padded"),
        ("blank", "CAST(:after AS text)", "blank"),
        ("number", "CAST(:after AS text)", 'number COLLATE "C"'),
    ],
)
def test_any_order_that_pages_follow_is_taken_and_keys_come_without_blanks(
    engine: Engine, write: Callable[..., None], key: str, after: str | None, order: str | None
) -> None:
    write(
        "extract/toy/candidates",
        f"SELECT {key} AS external_identifier FROM client.customer\n"
        f"WHERE :after IS NULL OR {order or key} > {after or 'CAST(:after AS text)'}\n"
        f"ORDER BY {order or key} LIMIT :row_limit",
    )
    found = [each for page in candidate_pages(engine=engine, dialect=TOY, size=7) for each in page]
    assert len(found) == len(set(found)) == len(CUSTOMERS)
    assert all(each == each.strip() for each in found)


@pytest.mark.parametrize("type_", ["text", "bpchar"])
def test_keys_that_are_padded_in_char_columns_find_their_customers(
    engine: Engine, write: Callable[..., None], type_: str
) -> None:
    for name, content in SQL.items():
        content = content.replace("AS text[]", f"AS {type_}[]").replace(
            ":after AS text", f":after AS {type_}"
        )
        write(name, content.replace("number", "padded"))
    pages = list(candidate_pages(engine=engine, dialect=TOY, size=30))
    assert [len(page) for page in pages] == [30, 10]
    assert existing_identifiers(engine=engine, dialect=TOY, identifiers=["C-001", "C-1"]) == {"C-001"}
    result = _built(engine, pages[0])
    assert [each.external_identifier for each in result.payloads] == CUSTOMERS[:30]
    selected = list(select(engine=engine, dialect=TOY, selection=Selection(rule="all"), page=25))
    assert [each.external_identifier for page in selected for each in page] == CUSTOMERS
    balances = extract(engine=engine, dialect=TOY, identifiers=pages[1], with_balances=True).balances
    assert set(balances) == set(CUSTOMERS[30:])


def test_real_blanks_around_a_key_are_said_to_be_the_cause(
    engine: Engine, write: Callable[..., None]
) -> None:
    for name, content in SQL.items():
        write(name, content.replace("number", "blank"))
    assert candidate_identifiers(engine=engine, dialect=TOY, after=None, limit=1) == ["C-001"]
    assert existing_identifiers(engine=engine, dialect=TOY, identifiers=["C-001"]) == set()
    advice = advice_on_missing(engine=engine, dialect=TOY, identifiers=["C-001"])
    assert advice.startswith("it is in the legacy database only with blanks around it")
    assert advice_on_missing(engine=engine, dialect=TOY, identifiers=["C-9"]) == "check the identifier"
    (finding,) = _built(engine, ["C-001"]).rejections[0].findings
    assert finding.code == "not_in_legacy"
    assert "without blanks around it" in finding.detail
    with pytest.raises(FrameContractBroken, match="only by blanks around their identifiers"):
        _built(engine, ["C-001  "])


def test_a_customer_without_an_identifier_and_a_child_without_its_parents_key_name_their_cause(
    engine: Engine, write: Callable[..., None]
) -> None:
    write("extract/toy/meters", SQL["extract/toy/meters"].replace("'1' AS", "nullif(number, 'C-002') AS"))
    rejected = {each.external_identifier: each.findings for each in _built(engine).rejections}
    assert [finding.code for finding in rejected.pop("C-002")] == ["missing_value"]
    assert rejected == {}
    write("extract/toy/meters", SQL["extract/toy/meters"].replace("SELECT number", "SELECT NULL"))
    with pytest.raises(FrameContractBroken, match=r"meters\.sql returns rows without external_identifier"):
        _built(engine)
