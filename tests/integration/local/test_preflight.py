"""`make preflight`: what would be rejected, and which legacy column to look at, without any call."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.checkouts import attempt, copied_checkout, run
from tests.conftest import NewDatabase

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("preflight")]


@pytest.fixture(scope="module")
def filled_dsn(new_database: NewDatabase) -> str:
    dsn = new_database()
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool)
    customers = {"edf_accounts": 1_300, "plenitude_accounts": 40}
    load.fill(engine=engine, customers=customers, seed=7, tell=lambda _: None)
    with engine.begin() as connection:
        # Two customers far apart, so that they are built in different batches.
        connection.exec_driver_sql(
            "UPDATE legacy.party_contact SET value = 'both@mail.example.com' WHERE contact_id IN (8, 10208)"
        )
        # What a slip in agreements.sql does: the supply points stay, their agreements are gone.
        connection.exec_driver_sql(
            "DELETE FROM legacy.contract USING legacy.supply_point, legacy.occupancy, legacy.account "
            "WHERE contract.supply_point_id = supply_point.supply_point_id "
            "AND occupancy.premise_id = supply_point.premise_id "
            "AND account.account_id = occupancy.account_id AND account.account_number LIKE 'PT-%%'"
        )
    return dsn


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied_checkout(folder=tmp_path_factory.mktemp("preflight"))


@pytest.fixture(scope="module")
def told(checkout: Path, filled_dsn: str) -> str:
    """What a preflight of the British customers prints; its page and tables are in the checkout."""
    return run(checkout=checkout, command="preflight", LEGACY_DSN=filled_dsn, DIALECT="edf_accounts")


def test_causes_are_counted_and_led_back_to_their_columns(checkout: Path, filled_dsn: str, told: str) -> None:
    assert "edf_accounts: 1,300 customers checked in" in told
    assert "← legacy.party_contact.value (kind 'TEL')" in told
    assert max(len(line) for line in told.splitlines()) <= 120
    assert "10,000 were asked for: the database has no more." in told
    with (checkout / ".run" / "preflight" / "edf_accounts.csv").open(encoding="utf-8") as file:
        rows = {(row["code"], row["path"]): row for row in csv.DictReader(file)}
    phone = rows["invalid_phone_number", "customers.landline"]
    assert (phone["severity"], phone["customers"]) == ("error", "3")
    assert phone["examples"].split()[0] == "GB-000000025"
    assert rows["duplicate_email", "customers.email"]["customers"] == "2"
    with create_engine(filled_dsn.replace("postgresql://", "postgresql+psycopg2://", 1)).connect() as given:
        rejected = given.exec_driver_sql(
            "SELECT count(*) FROM generator.expected_outcome "
            "WHERE dialect = 'edf_accounts' AND expected_state = 'rejected'"
        ).scalar_one()
    # Without a Connection no setting has values, so that every customer is warned of.
    sent = f"{1_300 - rejected:,}"
    assert f"{sent} would be sent, {sent} of them with a warning; {rejected} rejected" in told


@pytest.mark.usefixtures("told")
def test_the_page_needs_no_network_and_holds_no_personal_value(checkout: Path) -> None:
    page = (checkout / ".run" / "preflight" / "edf_accounts.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("https://www.w3.org", "")
    assert "<script" not in page
    assert "1,300" in page
    assert "020 ring after six" not in page
    assert "test@mail.example.com" not in page


def test_a_frame_without_any_row_is_warned_of_and_every_frame_is_counted(
    checkout: Path, filled_dsn: str
) -> None:
    told = run(checkout=checkout, command="preflight", LEGACY_DSN=filled_dsn, DIALECT="plenitude_accounts")
    warning = (
        "Frame agreements has not one row for the 55 rows of frame supply_points: check that "
        "sql/extract/plenitude_accounts/agreements.sql finds what the legacy database has."
    )
    assert f"Warning: {warning}" in " ".join(told.split())
    assert [line.split() for line in told.splitlines() if "supply_points" in line][-2:] == [
        ["55", "supply_points", "100.0", "%", "of", "supply_addresses,", "1.38", "for", "each"],
        ["0", "agreements", "0.0", "%", "of", "supply_points,", "0.00", "for", "each"],
    ]
    assert max(len(line) for line in told.splitlines()) <= 120
    folder = checkout / ".run" / "preflight"
    assert warning in (folder / "plenitude_accounts.html").read_text(encoding="utf-8")
    with (folder / "plenitude_accounts-frames.csv").open(encoding="utf-8") as file:
        rows = {row["frame"]: row for row in csv.DictReader(file)}
    assert (rows["agreements"]["rows"], rows["agreements"]["parents"]) == ("0", "55")
    assert [name for name, row in rows.items() if row["warning"]] == ["agreements"]


def test_a_database_without_customers_of_the_dialect_is_named(checkout: Path, filled_dsn: str) -> None:
    done = attempt(
        checkout=checkout,
        command="preflight",
        LEGACY_DSN=filled_dsn,
        DIALECT="essential_supply_points_cdns",
    )
    assert (done.returncode, done.stderr) == (
        1,
        "The legacy database has no customers of essential_supply_points_cdns to check: "
        "sql/extract/essential_supply_points_cdns/candidates.sql says who may migrate.\n",
    )
