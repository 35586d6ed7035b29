"""What the stand-in refuses of Portuguese accounts, each as one change to the guide's payload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from simulator.rules import form_of, plenitude_accounts
from tests.unit.simulator.payloads import ABSENT, Case, changed, problems, sound

ME = "plenitude_accounts"
DETAILS = ("customers", 0, "user_details")
ADDRESS = ("supply_addresses", 0, "supply_address")
POINT = ("supply_addresses", 0, "supply_points", 0)
FIRST = {"tariff_code": "A", "effective_from": "2024-01-01", "effective_to": "2025-01-01"}
SECOND = {"tariff_code": "B", "effective_from": "2025-01-01"}

CASES: list[Case] = [
    (("import_supplier",), ABSENT, "import_supplier", "required"),
    (("external_account_number",), "", "external_account_number", "blank"),
    (("account_type",), "PRIVATE", "account_type", "invalid_choice"),
    (("customers",), [], "customers", "required"),
    (("customers", 0, "mobile"), "91 depois das seis", "customers.0.mobile", "invalid_phone_number"),
    (("customers", 0, "landline"), "abcde", "customers.0.landline", "invalid_phone_number"),
    (("customers", 0, "email"), "test@example.org", "customers.0.email", "possible_test_email_address"),
    ((*DETAILS, 2, "value"), "234254719", "customers.0.user_details.2.value", "invalid_fiscal_code"),
    ((*DETAILS, 2, "value"), "23425471", "customers.0.user_details.2.value", "invalid_fiscal_code"),
    ((*DETAILS, 1, "value"), " ", "customers.0.user_details.1.value", "blank"),
    ((*DETAILS, 1, "namespace"), ABSENT, "customers.0.user_details.1.namespace", "required"),
    (
        (*ADDRESS, "postal_code"),
        "1000001",
        "supply_addresses.0.supply_address.postal_code",
        "invalid_postcode",
    ),
    (
        (*ADDRESS, "structured_street_address", "street_type"),
        "XX",
        "supply_addresses.0.supply_address.structured_street_address.street_type",
        "invalid_choice",
    ),
    ((*ADDRESS, "country"), "ES", "supply_addresses.0.supply_address.country", "invalid_choice"),
    (
        (*POINT, "identifier"),
        "PT0000000000000001RT",
        "supply_addresses.0.supply_points.0.identifier",
        "invalid_supply_point_identifier",
    ),
    (
        (*POINT, "identifier"),
        "ES0000000000000001TR",
        "supply_addresses.0.supply_points.0.identifier",
        "invalid_supply_point_identifier",
    ),
    ((*POINT, "supply_type"), "WATER", "supply_addresses.0.supply_points.0.supply_type", "invalid_choice"),
    (
        (*POINT, "agreements"),
        [FIRST | {"effective_to": "2025-01-02"}, SECOND],
        "supply_addresses.0.supply_points.0.agreements",
        "gaps_or_overlaps_in_agreement_dates",
    ),
    (
        (*POINT, "agreements"),
        [FIRST | {"effective_to": "2024-12-31"}, SECOND],
        "supply_addresses.0.supply_points.0.agreements",
        "gaps_or_overlaps_in_agreement_dates",
    ),
    (
        (*POINT, "agreements", 0, "effective_to"),
        "2024-12-31",
        "supply_addresses.0.supply_points.0.agreements.0.effective_to",
        "start_date_later_than_end_date",
    ),
]


@pytest.mark.parametrize(("path", "value", "where", "code"), CASES)
def test_an_account_with_one_fault_is_refused_for_it_alone(
    path: Sequence[str | int], value: Any, where: str, code: str
) -> None:
    assert problems(ME, changed(sound(ME), path, value)) == [(where, code)]


def test_agreements_that_follow_each_other_pass() -> None:
    assert problems(ME, changed(sound(ME), (*POINT, "agreements"), [SECOND, FIRST])) == []


# A check digit of 0 stands for both of the remainders that leave none.
@pytest.mark.parametrize("nif", ["123456789", "501964843", "100000010", "100000100"])
def test_a_nif_with_its_check_digit_passes(nif: str) -> None:
    assert problems(ME, changed(sound(ME), (*DETAILS, 2, "value"), nif)) == []


def test_either_mark_of_such_an_account_is_enough_to_know_it() -> None:
    teamless = changed(sound(ME), ("operations_team_name",), ABSENT)
    streetless = changed(sound(ME), (*ADDRESS, "structured_street_address"), ABSENT)
    for payload in (teamless, streetless):
        assert form_of(resource="accounts", payload=payload) is plenitude_accounts


def test_accounts_with_supply_points_of_other_markets_are_left_to_other_rules() -> None:
    payload = {
        "billing_address": {"street_address": "3000 Main St"},
        "ledgers": [{"ledger_code": "ENERGY"}],
        "supply_addresses": [
            {
                "supply_address": {"street_address": "3000 Main St"},
                "supply_points": [{"operating_company": "MASSACHUSETTS_ELECTRIC"}],
            }
        ],
    }
    assert not plenitude_accounts.fits(payload)
