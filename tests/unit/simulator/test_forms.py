"""The forms: the examples of the guides, what their fields may hold, and the few rules of most guides."""

from __future__ import annotations

from typing import Any, Final

import pytest

from kraken_import.simulator.rules import FORMS
from kraken_import.simulator.rules.page import rules_page
from tests.checkouts import ROOT
from tests.unit.simulator.examples import ABSENT, EXAMPLES, objections, said

EDF: Final = "edf_accounts"
GRID: Final = "national_grid_accounts"
PLENITUDE: Final = "plenitude_accounts"
CDNS: Final = "essential_supply_points_cdns"
POINT: Final = "supply_addresses.0.meter_points.0"
CHARGE: Final = "ledgers.0.current_statement_transactions.1"


@pytest.mark.parametrize("form", FORMS)
def test_the_example_of_a_guide_is_accepted(form: str) -> None:
    assert objections(form, {}) == ()


@pytest.mark.parametrize(
    ("form", "path", "value", "code"),
    [
        (EDF, "import_supplier", ABSENT, "required"),
        (EDF, "billing_name", None, "null"),
        (EDF, "billing_name", "x" * 511, "max_length"),
        (EDF, "billing_name", 7, "invalid"),
        (EDF, "account_type", "HOUSEHOLD", "invalid_choice"),
        (EDF, "customers", {}, "not_a_list"),
        (EDF, "customers.0", "Bob", "invalid"),
        (EDF, "customers.0.email", "bob", "invalid"),
        (EDF, "customers.0.date_of_birth", "11/01/1989", "invalid"),
        (EDF, "customers.0.account_roles", ["FRIEND"], "invalid_choice"),
        (EDF, "transfer_balance", "1,000.00", "invalid"),
        (EDF, "transfer_balance", "", "invalid"),
        (EDF, "transfer_balance", 30.0, "invalid"),
        (EDF, "debts.0.aged_debt.0.debt_amount", "1.001", "invalid"),
        (EDF, "unknown_occupier", "false", "invalid"),
        (EDF, "smart_read_cycle_day", "10", "invalid"),
        (EDF, "fit", {"installations": [], "meters": [], "payment_method": "CHEQUE"}, "empty"),
        (EDF, f"{POINT}.supply_type", "HEAT", "invalid_choice"),
        (EDF, f"{POINT}.supply_type", ABSENT, "required"),
        (EDF, f"{POINT}.mpid", "TENTA", "max_length"),
        (EDF, f"{POINT}.meters.0.registers.0.number_of_digits", 16, "invalid"),
        (EDF, f"{POINT}.agreements.0.tariff_code", ABSENT, "required"),
        (EDF, f"{POINT}.agreements.0.bespoke_tariff_rates", [{}], "required"),
        (EDF, f"{POINT}.meters.0.reading_history.0.reading_type", "GUESS", "invalid_choice"),
        (EDF, f"{CHARGE}.type", "SUPPLY", "invalid_choice"),
        (EDF, f"{CHARGE}.reason", "BALANCE_TRANSFER", "invalid_choice"),
        (EDF, f"{CHARGE}.transaction_date", "2019-02-30", "invalid"),
        (EDF, "notes.0.created_at", "yesterday", "invalid"),
        (GRID, "external_account_number", ABSENT, "required"),
        (GRID, "ledgers.0.ledger_balance", "much", "invalid"),
        (GRID, "supply_addresses.0.supply_points.0.supply_start_date", "soon", "invalid"),
        (PLENITUDE, "customers.0.given_name", 7, "invalid"),
        (PLENITUDE, "external_account_number", None, "null"),
        (CDNS, "supply_point", [], "invalid"),
        (CDNS, "supply_point.identifier", ABSENT, "required"),
        (CDNS, "cdns.0.outage_contact.phones", {}, "not_a_list"),
    ],
)
def test_a_field_of_another_form_is_refused(form: str, path: str, value: Any, code: str) -> None:
    found = said(form, {path: value})

    assert {each for _, each in found} == {code}
    assert all(where.startswith(path) for where, _ in found)


@pytest.mark.parametrize(
    ("form", "path", "value"),
    [
        (EDF, "favourite_colour", "blue"),
        (EDF, "document_accessibility", ""),
        (EDF, "customers.0.email", ""),
        (EDF, "customers.0.mobile", None),
        (EDF, "customers.0.psr.0.effective_from", "2012-01-01T10:00:00+01:00"),
        (EDF, "billing_postcode", "75001"),
        (EDF, "account_campaigns.0.slug", "anything"),
        (EDF, "debts.0.aged_debt.0.debt_amount", "-.5"),
        (EDF, f"{POINT}.meters.0.reading_history.0.reading_value", "-1"),
        (GRID, "customers.0.landline", "(617) 555-0123"),
        (GRID, "customers.0.mobile", "617-555-0123 ext. 12"),
        (GRID, "customers.0.email", "test@test.com"),
        (GRID, "billing_address.administrative_area", "PR"),
        (GRID, "billing_address.postal_code", "K1A 0B1"),
        (GRID, "ledgers.0.ledger_balance", "-300"),
        (GRID, "ledgers", None),
        (GRID, "supply_addresses.0.supply_points.0.last_billed_to_date", "2024-01-01"),
        (GRID, "supply_addresses.0.supply_points.0.agreements.0.effective_to", "2020-01-01"),
        (GRID, "supply_addresses", ABSENT),
        (PLENITUDE, "customers.0.user_details.2.value", "123456789"),
        (PLENITUDE, "supply_addresses.0.supply_address.postal_code", "1000"),
        (PLENITUDE, "supply_addresses.0.supply_address.structured_street_address.street_type", "CALÇ"),
        (CDNS, "cdns.0.outage_contact.postal_address.administrative_area", "Otago"),
        (CDNS, "cdns.0.outage_contact.postal_address.postal_code", "9016 NZ"),
        (CDNS, "cdns.0.outage_contact.postal_address.structured_street_address.street_name", ABSENT),
        (CDNS, "cdns.0.outage_contact.phones.0.number", "none"),
        (CDNS, "accounts", EXAMPLES["essential_supply_points_accounts"]["accounts"]),
    ],
)
def test_what_no_source_refuses_is_accepted(form: str, path: str, value: Any) -> None:
    assert objections(form, {path: value}) == ()


@pytest.mark.parametrize(
    ("form", "path", "broken", "near", "code"),
    [
        (CDNS, "supply_point.identifier", "123456789", "QAAAVZZZZZ3", "invalid_supply_point_identifier"),
        (CDNS, "supply_point.identifier", "QAAAVZZZZZ4", "QAAAVZZZZZ", "invalid_supply_point_identifier"),
        (GRID, "customers.0.landline", "abcde", "", "invalid_phone_number"),
        (
            GRID,
            "customers.0.alternative_phone_numbers.0.phone_number",
            "none",
            "617 555 0123",
            "invalid_phone_number",
        ),
        (PLENITUDE, "customers.0.mobile", "abcde", "+351 600 000 000", "invalid_phone_number"),
        (
            PLENITUDE,
            "supply_addresses.0.supply_points.0.identifier",
            "PT0000000000000001TA",
            "PT0000000000000002TW",
            "invalid_supply_point_identifier",
        ),
    ],
)
def test_what_a_guide_refuses_is_refused_in_its_words(
    form: str, path: str, broken: str, near: str, code: str
) -> None:
    (found,) = objections(form, {path: broken})

    assert (found.path, found.code) == (path, code)
    assert found.message.rstrip(".") in (
        f"{broken} is not a valid phone number",
        f"{broken} is not a valid supply point identifier",
    )
    assert objections(form, {path: near}) == ()


def test_a_delivery_point_of_an_australian_address_is_capitals_and_numbers() -> None:
    place = "cdns.0.outage_contact.postal_address.delivery_point_identifier"

    assert said(CDNS, {place: "a-1"}) == [(place, "invalid_delivery_point_identifier")]
    assert said(CDNS, {place: None}) == []


def test_a_load_zone_can_be_one_that_kraken_alone_refuses() -> None:
    place = "supply_addresses.0.supply_points.0.supply_details.standard_point_location_code"

    assert said(GRID, {place: "GONE"}) == [(place, "standard_point_location_not_found")]


def test_an_object_of_the_wrong_form_is_not_judged_by_its_content() -> None:
    wrong = {"customers.0.landline": "abcde", "customers.0.title": 7, "transfer_balance": "31.00"}

    assert said(EDF, wrong) == [("customers.0.title", "invalid")]


def test_every_rule_says_what_it_refuses_and_where_that_is_stated() -> None:
    for form in FORMS.values():
        for rule in form.book.rules:
            assert rule.codes
            assert rule.says.endswith(".")
            assert rule.source.startswith(("served", "guide", "arranged"))


def test_the_readme_shows_the_rules_that_are_declared() -> None:
    assert rules_page() in (ROOT / "plugins" / "kraken_import" / "simulator" / "README.md").read_text(
        encoding="utf-8"
    )
