"""What the stand-in refuses of Australian supply points, each as one change to a guide's payload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.simulator.payloads import ABSENT, Case, changed, problems, sound

LISTS = {"essential_supply_points_cdns": "cdns", "essential_supply_points_accounts": "accounts"}
STREET = ("postal_address", "structured_street_address")
CUSTOMER = ("accounts", 0, "customers", 0)

POINT_CASES: list[Case] = [
    (("import_supplier",), ABSENT, "import_supplier", "required"),
    (
        ("supply_point", "identifier"),
        "123456789",
        "supply_point.identifier",
        "invalid_supply_point_identifier",
    ),
    (
        ("supply_point", "identifier"),
        "40012485301",
        "supply_point.identifier",
        "invalid_supply_point_identifier",
    ),
    (("supply_point", "supply_type"), "GAS", "supply_point.supply_type", "invalid_choice"),
    (("supply_point", "critical_load"), "no", "supply_point.critical_load", "invalid"),
]

CONTACT_CASES: list[Case] = [
    (("email_address",), "test@waltdisney.com", "email_address", "possible_test_email_address"),
    (("postal_address", "postal_code"), "307", "postal_address.postal_code", "invalid_postcode"),
    (
        ("postal_address", "delivery_point_identifier"),
        "unknown",
        "postal_address.delivery_point_identifier",
        "invalid_delivery_point_identifier",
    ),
    (
        ("postal_address", "administrative_area"),
        "NWS",
        "postal_address.administrative_area",
        "invalid_choice",
    ),
    (
        (*STREET, "street_name"),
        "",
        "postal_address.structured_street_address.street_name",
        "street_name_required",
    ),
    (
        (*STREET, "flat_or_unit_type"),
        ABSENT,
        "postal_address.structured_street_address.flat_or_unit_type",
        "unit_type_required",
    ),
]

NOTIFICATION_CASES: list[Case] = [
    (("cdns", 0, "movement_type"), ABSENT, "cdns.0.movement_type", "required"),
    (("cdns", 0, "transaction_date"), "2024-01-01T00:00:00", "cdns.0.transaction_date", "invalid"),
    (("cdns", 0, "outage_contact"), ABSENT, "cdns.0.outage_contact", "required"),
    (
        ("cdns", 0, "outage_contact", "phones", 1, "number"),
        "after six",
        "cdns.0.outage_contact.phones.1.number",
        "invalid_phone_number",
    ),
]

ACCOUNT_CASES: list[Case] = [
    (("accounts", 0, "account_type"), "DOMESTIC", "accounts.0.account_type", "invalid_choice"),
    (
        ("accounts", 0, "customer_at_supply_address_from_date"),
        "2024-02-30",
        "accounts.0.customer_at_supply_address_from_date",
        "invalid",
    ),
    (("accounts", 0, "customers"), [], "accounts.0.customers", "required"),
    ((*CUSTOMER, "account_roles"), "ADMIN", "accounts.0.customers.0.account_roles", "not_a_list"),
    ((*CUSTOMER, "account_roles"), ["ADMIN", " "], "accounts.0.customers.0.account_roles", "invalid"),
    ((*CUSTOMER, "account_roles"), ABSENT, "accounts.0.customers.0.account_roles", "required"),
    ((*CUSTOMER, "mobile"), "0412 call Bob", "accounts.0.customers.0.mobile", "invalid_phone_number"),
    (
        (*CUSTOMER, "postal_address", "postal_code"),
        "24000",
        "accounts.0.customers.0.postal_address.postal_code",
        "invalid_postcode",
    ),
    *(
        (
            ("accounts", 0, "outage_contact", phone, "number"),
            "after six",
            f"accounts.0.outage_contact.{phone}.number",
            "invalid_phone_number",
        )
        for phone in ("phone_1", "phone_2")
    ),
]


def _in_both(cases: list[Case]) -> list[tuple[str, *Case]]:
    return [(dialect, *case) for dialect in LISTS for case in cases]


def _of_the_contact() -> list[tuple[str, *Case]]:
    return [
        (dialect, (name, 0, "outage_contact", *path), value, f"{name}.0.outage_contact.{where}", code)
        for dialect, name in LISTS.items()
        for path, value, where, code in CONTACT_CASES
    ]


@pytest.mark.parametrize(
    ("dialect", "path", "value", "where", "code"),
    [
        *_in_both(POINT_CASES),
        *_of_the_contact(),
        *(("essential_supply_points_cdns", *case) for case in NOTIFICATION_CASES),
        *(("essential_supply_points_accounts", *case) for case in ACCOUNT_CASES),
    ],
)
def test_a_supply_point_with_one_fault_is_refused_for_it_alone(
    dialect: str, path: Sequence[str | int], value: Any, where: str, code: str
) -> None:
    assert problems(dialect, changed(sound(dialect), path, value)) == [(where, code)]


# Published examples of AEMO's procedure: the ten characters and the digit that checks them.
@pytest.mark.parametrize("dialect", LISTS)
@pytest.mark.parametrize("nmi", ["20019857328", "QAAAVZZZZZ3", "NAAAMYS5826"])
def test_an_nmi_with_its_check_digit_passes(dialect: str, nmi: str) -> None:
    assert problems(dialect, changed(sound(dialect), ("supply_point", "identifier"), nmi)) == []


def test_an_account_may_be_without_an_outage_contact() -> None:
    dialect = "essential_supply_points_accounts"
    assert problems(dialect, changed(sound(dialect), ("accounts", 0, "outage_contact"), ABSENT)) == []


def test_a_state_and_a_postcode_that_do_not_fit_pass_as_in_the_guides_own_payload() -> None:
    dialect = "essential_supply_points_accounts"
    place = ("accounts", 0, "customers", 0, "postal_address", "administrative_area")
    assert problems(dialect, changed(sound(dialect), place, "VIC")) == []
