"""The SAP example: its SQL fits its database, and each customer planted dirty is named by source column."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from tests import projects
from tests.command_lines import Run, command_line, done, is_refused
from tests.conftest import ROOT, NewDatabase
from transforms.database import read_sql
from transforms.extract import frame_sql
from transforms.lineage import lineage

EXAMPLE = ROOT / "examples" / "sap-is-u"
PAGE = ROOT / "docs" / "how-to" / "sap-example.md"

POINTS = "supply_addresses.supply_points"
ADDRESS = "supply_addresses.supply_address"
MOVED_IN = "supply_addresses.customer_at_supply_address_from_date"

# Code, path, legacy column, and the number of each customer who is planted so.
PLANTED = {
    ("unknown_code", "account_type", "sap.fkkvkp.kofiz_sd"): [25],
    ("unknown_code", f"{POINTS}.agreements.tariff_code", "sap.eanlh.tariftyp"): [50],
    ("unknown_code", "operations_team_name", "sap.fkkvkp.zzteam"): [75],
    ("missing_value", MOVED_IN, "sap.ever.einzdat"): [100],
    ("invalid_date", MOVED_IN, "sap.ever.einzdat"): [125],
    ("invalid_date", f"{POINTS}.agreements.effective_from", "sap.eanlh.ab, sap.ever.einzdat"): [125],
    ("invalid_phone_number", "customers.mobile", "sap.adr2.tel_number"): [150, 175],
    ("invalid", "customers.email", "sap.adr6.smtp_addr"): [200],
    ("duplicate_email", "customers.email", "sap.adr6.smtp_addr"): [1, 225],
    ("invalid_supply_point_identifier", f"{POINTS}.identifier", "sap.euitrans.ext_ui"): [250],
    ("missing_value", f"{POINTS}.identifier", "sap.euitrans.ext_ui"): [275],
    ("duplicate_supply_point", f"{POINTS}.identifier", "sap.euitrans.ext_ui"): [2, 300],
    (
        "invalid_fiscal_code",
        "customers.user_details.value",
        "sap.but000.name_last, sap.dfkkbptaxnum.taxnum",
    ): [325],
    ("invalid_postcode", f"{ADDRESS}.postal_code", "sap.adrc.post_code1"): [350],
    ("suspicious_encoding", "customers.family_name", "sap.but000.name_org1, sap.but000.name_last"): [375],
    ("gaps_or_overlaps_in_agreement_dates", f"{POINTS}.agreements", "sap.eanlh"): [400, 425],
    ("missing_child", "customers", "sap.but000"): [450],
    ("missing_value", f"{ADDRESS}.locality", "sap.adrc.city1"): [475],
    ("missing_value", f"{ADDRESS}.postal_code", "sap.adrc.post_code1"): [475],
    ("missing_value", f"{ADDRESS}.country", "sap.adrc.country"): [475],
    ("duplicate_key", POINTS, "sap.eanl"): [500],
    ("duplicate_key", f"{POINTS}.agreements", "sap.eanlh"): [500],
}
REJECTED = 8


@pytest.fixture(scope="module")
def sap(new_database: NewDatabase) -> Iterator[Engine]:
    """The example's database, loaded from its two files."""
    engine = create_engine(new_database().replace("://", "+psycopg2://", 1), poolclass=NullPool)
    with engine.begin() as connection:
        for name in ("schema", "customers"):
            sql = (EXAMPLE / f"{name}.sql").read_text(encoding="utf-8")
            connection.exec_driver_sql(sql.replace("%", "%%"))
    yield engine
    engine.dispose()


@pytest.fixture
def run(sap: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Run a command in the example's folder, as the page says."""
    url = sap.url.set(drivername="postgresql", username="sap_reader", password="only-reads")
    dsn = url.render_as_string(hide_password=False)
    bare = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    with projects.in_force(folder=EXAMPLE):
        yield lambda *arguments: bare(*arguments, LEGACY_DSN=dsn)


def test_the_sql_fits_its_database(run: Run) -> None:
    found = json.loads(done(run("legacy-check", "plenitude_accounts", "--json")))
    assert (found["customers"], found["errors"], found["warnings"]) == (500, 0, 0)
    told = {(each["code"], each["column"]) for each in found["findings"]}
    assert ("unknown_code", "tariff_code") in told
    assert {each["severity"] for each in found["findings"]} == {"note"}
    assert {each["frame"]: each["rows"] for each in found["frames"]} == {
        "accounts": 500,
        "customers": 499,
        "user_details": 1414,
        "supply_addresses": 500,
        "supply_points": 667,
        "agreements": 1334,
    }


def test_every_planted_customer_is_named_with_code_and_source_column(run: Run, tmp_path: Path) -> None:
    found = json.loads(
        done(run("preflight", "plenitude_accounts", "--folder", str(tmp_path / "reports"), "--json"))
    )
    assert (found["customers"], found["rejected"]) == (500, REJECTED)
    told = {
        (cause["code"], cause["path"], cause["source"]): [
            int(example.removeprefix("PT")) for example in cause["examples"]
        ]
        for cause in found["causes"]
    }
    assert told == PLANTED


def test_a_list_whose_keys_are_constants_has_the_table_of_its_parent(run: Run) -> None:
    assert str(lineage(name="plenitude_accounts")["customers.user_details"]) == "sap.but000"


def test_a_key_that_is_compared_as_text_is_named_and_other_columns_are_not(
    run: Run, sap: Engine, tmp_path: Path
) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "sap")
    file = project / "sql" / "extract" / "plenitude_accounts" / "customers.sql"
    file.write_text(file.read_text(encoding="utf-8").replace("bpchar[]", "text[]"), encoding="utf-8")
    with projects.in_force(folder=project):
        found = json.loads(run("legacy-check", "plenitude_accounts", "--json").stdout)
    (told,) = (each for each in found["findings"] if each["severity"] != "note")
    assert (told["code"], told["column"]) == ("char_key", "vkont")


def test_nothing_of_who_lived_there_before_reaches_a_payload(run: Run) -> None:
    payload = json.loads(done(run("payload", "plenitude_accounts", "PT00000003")))["payload"]
    assert [person["given_name"] for person in payload["customers"]] == ["João"]
    (address,) = payload["supply_addresses"]
    assert [point["supply_type"] for point in address["supply_points"]] == ["ELECTRICITY", "GAS"]
    for point in address["supply_points"]:
        starts = [agreement["effective_from"] for agreement in point["agreements"]]
        assert starts == sorted(starts)
        assert starts[0] == address["customer_at_supply_address_from_date"]


def test_a_street_of_one_word_is_a_name_and_no_type_as_well(run: Run, sap: Engine) -> None:
    statement = text(read_sql(frame_sql(dialect="plenitude_accounts", name="supply_addresses")))
    with sap.connect() as connection:
        connection.exec_driver_sql("UPDATE sap.adrc SET street = 'Rossio'")
        row = connection.execute(statement, {"identifiers": ["PT00000003"]}).one()
        connection.rollback()
    assert (row.street_type, row.street_name.strip()) == (None, "Rossio")


def test_the_page_shows_what_the_commands_print(run: Run) -> None:
    page = PAGE.read_text(encoding="utf-8")
    first, *_ = done(run("legacy-check", "plenitude_accounts")).splitlines()
    assert first in page
    assert re.search(r"492 would be sent, \d+ of them with a warning; 8 rejected", page)
    named = set(re.findall(r"`((?:sql|codes)/\S+)`", page))
    assert len(named) >= 4
    assert [name for name in named if not (EXAMPLE / name).exists()] == []


def test_a_sample_of_a_customer_holds_nothing_that_tells_who_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kraken-migrate.toml").touch()
    told = done(run("dialect", "sample", "plenitude_accounts", "PT00000003", "--folder", str(tmp_path)))
    assert "They take the place of the guide's customer in the project's tests" in told
    assert "names, texts and keys are invented; codes, amounts and days are the customer's" in told
    folder = tmp_path / "samples" / "plenitude_accounts"
    payload = json.loads((folder / "payload.json").read_text(encoding="utf-8"))
    assert payload["external_account_number"] == "SAMPLE-1"
    (person,) = payload["customers"]
    assert person["email"].endswith("@mail.example.com")
    details = {detail["namespace"]: detail["value"] for detail in person["user_details"]}
    assert not details["fiscal_code"].startswith("2000")
    assert person["mobile"].startswith("9120")
    texts = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.json"))
    for own in ("PT00000003", "cliente3", "João", "Gonçalves", "912000003", "0002000000000003", "200000217"):
        assert own not in texts
    for kept in ("ELEVERDE", "20150422", "PT"):
        assert kept in texts
    assert len(payload["supply_addresses"][0]["supply_points"]) == 2
    assert len(list(folder.rglob("*.json"))) == 7
    more = ("--name", "second", "--folder", str(tmp_path))
    assert "in the project's tests" not in done(
        run("dialect", "sample", "plenitude_accounts", "PT00000004", *more)
    )
    again = run("dialect", "sample", "plenitude_accounts", "PT00000003", "--folder", str(tmp_path))
    is_refused(again, 1, "is there already: nothing was written, so move it away first.")
    unknown = run("dialect", "sample", "plenitude_accounts", "PT-NOBODY", "--folder", str(tmp_path))
    is_refused(unknown, 1, "has no such customer of plenitude_accounts: name one that existing.sql knows.")


def test_before_any_statement_is_written_the_one_thing_to_do_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "kraken-migrate.toml").touch()
    with projects.in_force(folder=tmp_path):
        told = run("legacy-check", "plenitude_accounts", "--json")
    assert told.exit_code == 1
    (unwritten,) = json.loads(told.stdout)["findings"]
    assert unwritten["sentence"] == (
        "9 of 9 statements of plenitude_accounts are still the package's, which reads tables that the "
        "database does not have (legacy.account, legacy.account_role, legacy.party, legacy.party_contact and "
        "7 more): "
        "begin your own in sql/ of the project by `kraken-migrate dialect new plenitude_accounts --legacy`."
    )


def test_statements_as_they_are_begun_run_on_any_database_and_select_no_customer(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "kraken-migrate.toml").touch()
    with projects.in_force(folder=tmp_path):
        done(run("dialect", "new", "acme_accounts", "--like", "edf_accounts", "--legacy"))
        projects.forget()
        told = run("legacy-check", "acme_accounts", "--json")
        begun = tmp_path / "sql" / "extract" / "acme_accounts"
        for name in ("accounts", "notes"):
            (begun / f"{name}.sql").unlink()
        less = run("legacy-check", "acme_accounts", "--json")
    (left,) = (each for each in json.loads(less.stdout)["findings"] if each["code"] == "unwritten")
    assert left["sentence"].endswith(
        ": write sql/extract/acme_accounts/accounts.sql, sql/extract/acme_accounts/notes.sql in the project."
    )
    assert told.exit_code == 1
    error, note = json.loads(told.stdout)["findings"]
    assert error["code"] == "no_customers"
    # The guide's customer has all that no statement fills yet.
    assert (note["code"], note["severity"]) == ("only_null", "note")
    assert "as the sample by `kraken-migrate dialect sample acme_accounts IDENTIFIER`" in note["sentence"]
