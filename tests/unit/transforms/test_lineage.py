"""Legacy columns behind what a query delivers, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms import extract
from transforms import lineage as lineages
from transforms.lineage import lineage, origin_of, untraceable
from transforms.tracing import UnableToTrace, trace

PERSON = ["legacy.person.name"]
PEOPLE = "FROM legacy.account JOIN legacy.party ON party.party_id = account.holder_id"


def sources(tmp_path: Path, sql: str) -> dict[str, list[str]]:
    file = tmp_path / "people.sql"
    file.write_text(sql)
    return {name: [str(source) for source in found] for name, found in trace(sql=file).items()}


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ("party.first_name", ["legacy.party.first_name"]),
        ("CAST(account.balance AS text)", ["legacy.account.balance"]),
        ("party.first_name || ' ' || party.last_name", ["legacy.party.first_name", "legacy.party.last_name"]),
        ("coalesce(party.title, account.title)", ["legacy.party.title", "legacy.account.title"]),
        ("CASE WHEN account.fuel = 'E' THEN party.code END", ["legacy.party.code (fuel 'E')"]),
        (
            "CASE account.fuel WHEN 'E' THEN party.code ELSE party.name END",
            ["legacy.party.code", "legacy.party.name"],
        ),
        ("'GB'", []),
        ("NULL", []),
        (
            "(SELECT contact.value FROM legacy.party_contact AS contact"
            " WHERE contact.party_id = party.party_id"
            " ORDER BY contact.valid_from LIMIT 1)",
            ["legacy.party_contact.value"],
        ),
        (
            "(SELECT max(value) FILTER (WHERE kind = 'TEL') FROM legacy.party_contact)",
            ["legacy.party_contact.value (kind 'TEL')"],
        ),
        (
            "EXISTS (SELECT FROM legacy.dunning WHERE dunning.account_id = account.account_id)",
            ["legacy.dunning"],
        ),
        (
            "row_number() OVER (PARTITION BY account.market ORDER BY account.opened_on)",
            ["legacy.account.market"],
        ),
    ],
)
def test_expressions(tmp_path: Path, projection: str, expected: list[str]) -> None:
    assert sources(tmp_path, f"SELECT {projection} AS it {PEOPLE}") == {"it": expected}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT name AS it FROM legacy.person", ["legacy.person.name"]),
        ("SELECT p.name AS it FROM (SELECT person.name FROM legacy.person) AS p", ["legacy.person.name"]),
        (
            "WITH one AS (SELECT name FROM legacy.person) SELECT one.name AS it FROM one",
            ["legacy.person.name"],
        ),
        (
            "SELECT z.it FROM (WITH one AS (SELECT name AS it FROM legacy.person) SELECT it FROM one) AS z",
            ["legacy.person.name"],
        ),
        (
            "SELECT a AS it FROM legacy.one UNION ALL SELECT b FROM legacy.other",
            ["legacy.one.a", "legacy.other.b"],
        ),
        (
            "SELECT l.it FROM legacy.person JOIN LATERAL (SELECT person.name AS it) AS l ON true",
            ["legacy.person.name"],
        ),
        (
            "SELECT v.it FROM legacy.person AS p CROSS JOIN LATERAL (VALUES ('M', p.mobile), ('T', p.phone))"
            " AS v (kind, it)",
            ["legacy.person.mobile", "legacy.person.phone"],
        ),
        ("SELECT v.column1 AS it FROM legacy.person AS p, LATERAL (VALUES (p.name)) AS v", PERSON),
        (
            "SELECT l.it FROM legacy.person p, LATERAL (SELECT v.x AS it FROM (VALUES (p.name)) v (x)) AS l",
            PERSON,
        ),
        ("SELECT (VALUES (p.name)) AS it FROM legacy.person AS p", PERSON),
        (
            "SELECT t.x AS it FROM legacy.person p, LATERAL unnest(p.name) WITH ORDINALITY AS t (x, n)",
            PERSON,
        ),
        ("SELECT j ->> 'a' AS it FROM legacy.person AS p, jsonb_array_elements(p.name) AS j", PERSON),
        ("SELECT r.x AS it FROM legacy.person AS p, jsonb_to_recordset(p.name) AS r (x text)", PERSON),
        ("SELECT n AS it FROM legacy.person AS p, generate_series(1, p.name) AS n", PERSON),
        ("SELECT p.name\\:\\:text AS it FROM legacy.person AS p", PERSON),
        ("SELECT p.it FROM legacy.person AS p (it, other)", ["legacy.person"]),
        ("WITH one (it) AS (SELECT name FROM legacy.person) SELECT it FROM one", PERSON),
        ("SELECT z.it FROM (SELECT name FROM legacy.person) AS z (it)", PERSON),
        ("SELECT z.* FROM (SELECT name AS it FROM legacy.person) AS z", PERSON),
        ("SELECT * FROM (SELECT name AS it FROM legacy.person) AS z", PERSON),
        ("SELECT p.name AS it FROM (legacy.person AS p JOIN legacy.other AS o ON o.id = p.id)", PERSON),
        ("SELECT p.name AS it FROM legacy.person AS p, generate_series(1, 2) AS n", PERSON),
    ],
)
def test_relations(tmp_path: Path, sql: str, expected: list[str]) -> None:
    assert sources(tmp_path, sql) == {"it": expected}


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT value AS it {PEOPLE}",
        f"SELECT party.* {PEOPLE}",
        "SELECT nonsense FROM",
        "SELECT 'never ended FROM legacy.party",
        "DELETE FROM legacy.party",
        "EXPLAIN SELECT 'hush'",
        "SELECT a, b FROM legacy.one UNION ALL SELECT c FROM legacy.other",
        "-- nothing",
    ],
)
def test_what_cannot_be_traced_is_a_sentence_with_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sql: str
) -> None:
    with pytest.raises(UnableToTrace, match=r"^people\.sql"):
        sources(tmp_path, sql)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT a, b FROM legacy.one UNION ALL SELECT c FROM legacy.other",
            "SELECT 2 of its UNION delivers 1 columns, and those before it 2 (a, b), so column b cannot be "
            "traced: deliver the same columns in the same order in each SELECT.",
        ),
        (
            "SELECT a FROM legacy.one UNION SELECT b FROM legacy.two UNION SELECT c, d FROM legacy.other",
            "SELECT 3 of its UNION delivers 2 columns, and those before it 1 (a), so column number 2 cannot "
            "be traced: deliver the same columns in the same order in each SELECT.",
        ),
    ],
)
def test_a_union_that_cannot_be_traced_names_the_select_and_the_column(
    tmp_path: Path, sql: str, said: str
) -> None:
    with pytest.raises(UnableToTrace) as problem:
        sources(tmp_path, sql)
    assert str(problem.value) == f"people.sql: {said}"


def test_only_the_first_select_of_a_union_needs_names(tmp_path: Path) -> None:
    sql = "SELECT p.name AS it, p.kind AS kind FROM legacy.person AS p UNION ALL SELECT 'x', NULL"
    assert sources(tmp_path, sql) == {"it": PERSON, "kind": ["legacy.person.kind"]}
    twice = "SELECT a AS it, b AS kind FROM legacy.one UNION ALL SELECT c, c FROM legacy.two"
    assert sources(tmp_path, twice)["kind"] == ["legacy.one.b", "legacy.two.c"]


def test_a_path_without_an_origin_leads_to_the_object_around_it() -> None:
    origin = origin_of(dialect="edf_accounts", path="customers.nothing")
    assert origin is not None
    assert str(origin) == "legacy.party"
    assert origin_of(dialect="edf_accounts", path="") is None


UNTRACEABLE = "SELECT a AS external_identifier, b AS customer_key FROM legacy.one, legacy.other"


def test_a_statement_that_cannot_be_traced_leaves_the_lineage_of_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lineage(name="plenitude_accounts")
    (tmp_path / "plenitude_accounts").mkdir()
    (tmp_path / "plenitude_accounts" / "customers.sql").write_text(UNTRACEABLE)
    kept = extract.frame_sql

    def of_the_client(*, dialect: str, name: str) -> Path:
        return tmp_path / dialect / f"{name}.sql" if name == "customers" else kept(dialect=dialect, name=name)

    monkeypatch.setattr(lineages, "frame_sql", of_the_client)
    lineage.cache_clear()
    try:
        found = lineage(name="plenitude_accounts")
        said = untraceable(name="plenitude_accounts")
        (tmp_path / "plenitude_accounts" / "customers.sql").unlink()
        lineage.cache_clear()
        missing = untraceable(name="plenitude_accounts")
    finally:
        lineage.cache_clear()
    unknown = {path for path, origin in found.items() if origin != whole[path]}
    assert unknown == {path for path in whole if path.startswith("customers") and "user_details" not in path}
    assert str(found["customers.email"]) == "column email of customers.sql"
    assert found["customers.email"].meaning == whole["customers.email"].meaning
    assert list(said) == ["customers"]
    assert said["customers"].startswith("customers.sql: column a may belong to several tables")
    assert list(missing) == ["customers"]
