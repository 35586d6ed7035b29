"""The mapping in the console: field, column, query and rule, read in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kraken_import.cli import preflights
from kraken_import.console import catalogues
from kraken_import.console.catalogues import Catalogue, Catalogues, UnableToReadMapping
from kraken_import.reporting.catalogue import catalogue
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.test_cutover import SOUND
from tests.integration.usecases.test_reconcile import play
from transforms.lineage import lineage
from transforms.registry import get_dialect

DIALECT = "edf_accounts"


def until(find: Callable[[], bool], *, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not find():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_page_leads_from_a_field_to_its_column_its_query_and_its_rule(console: Console) -> None:
    first = console.get(f"data/{DIALECT}")
    assert first.status_code == 200
    until(lambda: "being read" not in console.get(f"data/{DIALECT}").text)
    page = console.get(f"data/{DIALECT}")
    assert page.text.count('<tr id="field-') == len(lineage(name=DIALECT))
    found = words_of(console.get(f"data/{DIALECT}?find=billing_postcode"))
    assert "legacy.address.postcode" in found
    assert "sql/extract/edf_accounts/accounts.sql" in found
    assert "invalid_postcode" in found
    by_column = words_of(console.get(f"data/{DIALECT}?find=legacy.party.birth_date"))
    assert "customers.date_of_birth" in by_column
    nothing = words_of(console.get(f"data/{DIALECT}?find=no+such+field"))
    assert "No field has these words." in nothing
    assert "No rule has these words." in nothing
    assert console.get(f"data/{DIALECT}?find={'x' * 9_000}").status_code == 200


def test_the_errors_of_the_newest_wave_stand_beside_their_rule(console: Console) -> None:
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = %(spoiled)s",
            {"spoiled": SOUND},
        )
    play(console.journey, limit=3, name="pilot")
    (error,) = console.journey.rows("SELECT code FROM migration.import_error WHERE severity = 'error'")
    until(lambda: "being read" not in console.get(f"data/{DIALECT}").text)
    page = words_of(console.get(f"data/{DIALECT}"))
    assert "met 1 error;" in page
    assert error["code"] in page
    assert "pilot" in words_of(console.get("data"))


def test_what_may_not_be_read_or_is_not_there_is_not_found(console: Console) -> None:
    assert console.get(f"data/{DIALECT}", user="elsewhere").status_code == 404
    assert console.get("data/no_such_dialect").status_code == 404
    assert console.get("data/..%2f..%2fetc").status_code == 404
    assert DIALECT not in console.get("data", user="elsewhere").text


def test_a_dialect_that_is_not_in_force_any_more_is_said_to_be_so(console: Console) -> None:
    play(console.journey, limit=1)
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET dialect = 'gone_accounts'")
    assert "is not in force here any more" in words_of(console.get("data/gone_accounts"))


def test_a_mapping_that_cannot_be_read_is_one_sentence_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogues, "_AFTER_A_FAULT", 0.0)
    kept = Catalogues()
    assert kept.get(name="no_such_dialect") is None

    until(lambda: kept._kept.has_failed(key="no_such_dialect"))
    with pytest.raises(UnableToReadMapping, match="kraken-migrate doctor"):
        kept.get(name="no_such_dialect")
    assert "no_such_dialect" in kept._kept._working


def test_every_field_and_rule_of_the_mapping_is_in_the_catalogue() -> None:
    found = catalogue(name=DIALECT)
    codes = {rule["code"] for rule in found["rules"]}
    assert all(set(each["rules"]) <= codes for each in found["fields"])
    # What a query delivers names the query; what the pipeline sets itself names none.
    assert [each["path"] for each in found["fields"] if not each["queries"]] == ["import_supplier"]
    assert all(Path(query).suffix == ".sql" for each in found["fields"] for query in each["queries"])
    parsed = catalogues._parsed(found)
    assert isinstance(parsed, Catalogue)
    assert parsed.matching(words="")[1] == list(parsed.rules)


def test_the_last_preflight_of_a_dialect_stands_on_the_data_and_the_plan(console: Console) -> None:
    journey = console.journey
    for page in ("data", "plan", f"data/{DIALECT}"):
        assert f"kraken-migrate preflight {DIALECT}" in words_of(console.get(page)), page
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'Q9' WHERE account_number = %(spoiled)s",
            {"spoiled": SOUND},
        )
    for by in ("bob", "ann"):
        checked = preflights.check(
            engine=journey.legacy, dialect=get_dialect(name=DIALECT), wanted=10, kraken=None
        )
        assert preflights.keep(tracking=journey.tracking, checked=checked, by=by) == ""
    for page in ("data", "plan", f"data/{DIALECT}"):
        said = words_of(console.get(page))
        assert f"{checked.rejected} of 10 customers would be refused" in said, page
        assert "by ann on" in said, page
        assert "bob" not in said, page
    page = console.get(f"data/{DIALECT}").text
    assert "unknown_code" in page
    assert "<b>legacy.account.account_class</b>" in page
    # Neither the value nor the customer is kept.
    kept = str(
        journey.rows("SELECT * FROM migration.preflight JOIN migration.preflight_cause ON preflight_id = id")
    )
    assert "Q9" not in kept
    assert SOUND not in kept
    # A user who may only read is told so, and sees the result all the same.
    told = preflights.keep(tracking=console.around.reading, checked=checked, by="eve")
    assert "may only read" in told
