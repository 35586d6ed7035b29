"""Legacy columns behind what a query delivers, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.lineage import UnableToTrace, origin_of, trace

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
    ],
)
def test_relations(tmp_path: Path, sql: str, expected: list[str]) -> None:
    assert sources(tmp_path, sql) == {"it": expected}


@pytest.mark.parametrize(
    "sql", [f"SELECT value AS it {PEOPLE}", "SELECT nonsense FROM", "DELETE FROM legacy.party"]
)
def test_what_cannot_be_traced_is_a_sentence_with_the_file(tmp_path: Path, sql: str) -> None:
    with pytest.raises(UnableToTrace, match=r"^people\.sql"):
        sources(tmp_path, sql)


def test_a_path_without_an_origin_leads_to_the_object_around_it() -> None:
    origin = origin_of(dialect="edf_accounts", path="customers.nothing")
    assert origin is not None
    assert str(origin) == "legacy.party"
    assert origin_of(dialect="edf_accounts", path="") is None
