"""What the stand-in refuses: every row of its README's table, each as one change to a sound payload."""

from collections.abc import Sequence
from typing import Any

import pytest

from simulator.rules import FORMS, national_grid_accounts
from tests.unit.simulator.payloads import ABSENT, DIALECTS, Case, changed, form, problems, sound
from transforms.registry import get_dialect

ELECTRICITY = ("supply_addresses", 0, "meter_points", 0)
GAS = ("supply_addresses", 0, "meter_points", 1)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_guides_own_payload_passes_and_is_processed(dialect: str) -> None:
    payload = sound(dialect)
    assert problems(dialect, payload) == []
    assert form(dialect, payload).processing_error(payload) is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_key_that_kraken_does_not_know_is_dropped_without_a_word(dialect: str) -> None:
    assert problems(dialect, sound(dialect) | {"custmers": [{"email": "nonsense"}]}) == []


AGREEMENT = {"tariff_code": "ELEC-1", "effective_from": "2019-01-01", "effective_to": "2019-08-01"}
SECOND = {"tariff_code": "ELEC-2", "effective_from": "2019-08-01"}

ACCOUNT_CASES: list[Case] = [
    (("import_supplier",), ABSENT, "import_supplier", "required"),
    (("external_account_number",), ABSENT, "external_account_number", "required"),
    (("supply_addresses",), None, "supply_addresses", "required"),
    (("customers",), [], "customers", "required"),
    (("account_type",), "PRIVATE", "account_type", "invalid_choice"),
    (("billing_postcode",), "W1F 99DE", "billing_postcode", "invalid_postcode"),
    (
        ("supply_addresses", 0, "supply_postcode"),
        "3070",
        "supply_addresses.0.supply_postcode",
        "invalid_postcode",
    ),
    (("customers", 0, "landline"), "020 ring after six", "customers.0.landline", "invalid_phone_number"),
    (("customers", 0, "mobile"), "07abc", "customers.0.mobile", "invalid_phone_number"),
    (("customers", 0, "email"), "no address", "customers.0.email", "invalid"),
    (("customers", 0, "email"), "test@mail.example.com", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "email"), "XXX@mail.example.com", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "email"), "bob@test.com", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "email"), "bob@test.co.uk", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "email"), "bob@mail.xxx", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "email"), "bob@mail.xx", "customers.0.email", "possible_test_email_address"),
    (("customers", 0, "date_of_birth"), "1989-02-30", "customers.0.date_of_birth", "invalid"),
    (
        (*ELECTRICITY, "identifier"),
        "1200060176721",
        "supply_addresses.0.meter_points.0.identifier",
        "invalid_supply_point_identifier",
    ),
    (
        (*ELECTRICITY, "identifier"),
        "120006017672",
        "supply_addresses.0.meter_points.0.identifier",
        "invalid_supply_point_identifier",
    ),
    (
        (*GAS, "identifier"),
        "9353824108",
        "supply_addresses.0.meter_points.1.identifier",
        "invalid_supply_point_identifier",
    ),
    (
        (*ELECTRICITY, "supply_start_date"),
        ABSENT,
        "supply_addresses.0.meter_points.0.supply_start_date",
        "required",
    ),
    (
        (*ELECTRICITY, "et_in_progress"),
        True,
        "supply_addresses.0.meter_points.0.et_in_progress",
        "erroneous_transfer_not_in_progress",
    ),
    (
        (*GAS, "dr_in_progress"),
        True,
        "supply_addresses.0.meter_points.1.dr_in_progress",
        "disputed_read_in_progress",
    ),
    (
        (*ELECTRICITY, "agreements"),
        [AGREEMENT, SECOND | {"effective_from": "2019-07-31"}],
        "supply_addresses.0.meter_points.0.agreements",
        "gaps_or_overlaps_in_agreement_dates",
    ),
    (
        (*ELECTRICITY, "agreements"),
        [AGREEMENT, SECOND | {"effective_from": "2019-08-03"}],
        "supply_addresses.0.meter_points.0.agreements",
        "gaps_or_overlaps_in_agreement_dates",
    ),
    (
        (*ELECTRICITY, "agreements"),
        [AGREEMENT | {"effective_to": "2018-12-31"}],
        "supply_addresses.0.meter_points.0.agreements.0.effective_to",
        "start_date_later_than_end_date",
    ),
    (
        (*ELECTRICITY, "eac_history", 1, "effective_from"),
        "2019-10-01",
        "supply_addresses.0.meter_points.0.eac_history.1",
        "repeated_eac_for_tpr",
    ),
    (
        (*ELECTRICITY, "meters", 0, "reading_history", 1, "register_id"),
        "7",
        "supply_addresses.0.meter_points.0.meters.0.reading_history.1.register_id",
        "historical_reading_register_id_not_recognised",
    ),
    (
        (*ELECTRICITY, "meters", 0, "reading_history", 0, "reading_value"),
        "-1.00",
        "supply_addresses.0.meter_points.0.meters.0.reading_history.0.reading_value",
        "min_value",
    ),
    (
        (*GAS, "meters", 0, "is_prepay"),
        False,
        "supply_addresses.0.meter_points.1.meters.0.prepay_details",
        "prepay_details_on_non_prepay_meter",
    ),
    (
        ("ledgers", 0, "historical_statement_transactions", 0, "amount"),
        "10.01",
        "ledgers.0.historical_statement_transactions",
        "historical_statement_transactions_balance_mismatch",
    ),
    (
        ("ledgers", 0, "current_statement_transactions", 1, "amount"),
        "19.99",
        "ledgers.0.ledger_balance",
        "balance_mismatch_on_transfer_balance",
    ),
    (("transfer_balance",), "30.01", "transfer_balance", "ledger_balances_not_equal_to_transfer_balance"),
]


FORM_CASES: list[Case] = [
    ((*ELECTRICITY, "ssc"), 393, "supply_addresses.0.meter_points.0.ssc", "invalid"),
    ((*ELECTRICITY, "mpid"), "TENTA", "supply_addresses.0.meter_points.0.mpid", "max_length"),
    ((*ELECTRICITY, "mpid"), " ", "supply_addresses.0.meter_points.0.mpid", "blank"),
    ((*ELECTRICITY, "profile_class"), "1", "supply_addresses.0.meter_points.0.profile_class", "invalid"),
    (
        (*ELECTRICITY, "agreements"),
        {"tariff_code": "X"},
        "supply_addresses.0.meter_points.0.agreements",
        "not_a_list",
    ),
    (("transfer_balance",), 30.0, "transfer_balance", "invalid"),
    (("transfer_balance",), "NaN", "transfer_balance", "invalid"),
    (("unknown_occupier",), "no", "unknown_occupier", "invalid"),
    (("notes", 0, "created_at"), "yesterday", "notes.0.created_at", "invalid"),
    (("notes", 0), "a note", "notes.0", "invalid"),
    (("payment_schedules", 1, "means"), "CASH", "payment_schedules.1.means", "invalid_choice"),
    (
        ("ledgers", 0, "current_statement_transactions", 0, "type"),
        "FEE",
        "ledgers.0.current_statement_transactions.0.type",
        "invalid_choice",
    ),
    (
        ("supply_addresses", 0, "property_administrators", 0, "mobile"),
        "none",
        "supply_addresses.0.property_administrators.0.mobile",
        "invalid_phone_number",
    ),
]


@pytest.mark.parametrize(("path", "value", "where", "code"), ACCOUNT_CASES + FORM_CASES)
def test_an_account_with_one_fault_is_refused_for_it_alone(
    path: Sequence[str | int], value: Any, where: str, code: str
) -> None:
    assert problems("edf_accounts", changed(sound("edf_accounts"), path, value)) == [(where, code)]


def test_agreements_that_follow_each_other_pass() -> None:
    payload = changed(sound("edf_accounts"), (*ELECTRICITY, "agreements"), [SECOND, AGREEMENT])
    assert problems("edf_accounts", payload) == []


def test_an_account_of_an_unknown_occupier_needs_no_customers() -> None:
    payload = sound("edf_accounts") | {"unknown_occupier": True}
    del payload["customers"]
    assert problems("edf_accounts", payload) == []


US_POINT = ("supply_addresses", 0, "supply_points", 0)
US_POINT_PATH = "supply_addresses.0.supply_points.0"
US_BILL = ("ledgers", 0, "historical_billing_documents", 1)
US_BILL_PATH = "ledgers.0.historical_billing_documents.1"
US_BOOKING = {
    "transaction_id": "3",
    "type": "CHARGE",
    "reason": "DATA_IMPORT_BALANCE_TRANSFER",
    "amount": "0",
    "transaction_date": "2026-03-02",
}

US_ACCOUNT_CASES: list[Case] = [
    (("billing_address",), ABSENT, "billing_address", "required"),
    (("billing_address", "postal_code"), "2151", "billing_address.postal_code", "invalid_postcode"),
    (
        ("supply_addresses", 0, "supply_address", "postal_code"),
        "02151-12",
        "supply_addresses.0.supply_address.postal_code",
        "invalid_postcode",
    ),
    (("supply_addresses",), ABSENT, "supply_addresses", "required"),
    (("supply_addresses", 0, "supply_points"), ABSENT, "supply_addresses.0.supply_points", "required"),
    (("customers",), [], "customers", "required"),
    (("customers", 0, "mobile"), "call Sarah", "customers.0.mobile", "invalid_phone_number"),
    (("customers", 0, "landline"), "abcde", "customers.0.landline", "invalid_phone_number"),
    (
        ("customers", 0, "alternative_phone_numbers", 0, "phone_number"),
        "none",
        "customers.0.alternative_phone_numbers.0.phone_number",
        "invalid_phone_number",
    ),
    (("customers", 0, "email"), "xxx@mail.example.com", "customers.0.email", "possible_test_email_address"),
    (("ledgers", 0, "ledger_balance"), "-200.01", "ledgers.0.ledger_balance", "ledger_balance_mismatch"),
    (("ledgers", 0, "ledger_balance"), "200", "ledgers.0.ledger_balance", "ledger_balance_mismatch"),
    (("ledgers", 0, "ledger_balance"), -200, "ledgers.0.ledger_balance", "invalid"),
    (
        (*US_BILL, "transactions", 0, "type"),
        "PAYMENT",
        "ledgers.0.ledger_balance",
        "ledger_balance_mismatch",
    ),
    (
        (*US_BILL, "transactions", 0, "transaction_date"),
        "2026-03-02",
        f"{US_BILL_PATH}.transactions.0.transaction_date",
        "historical_statement_transaction_after_last_statement_closing_date",
    ),
    ((*US_BILL, "transactions"), ABSENT, f"{US_BILL_PATH}.transactions", "required"),
    (
        ("ledgers", 0, "additional_historical_transactions"),
        [US_BOOKING],
        "ledgers.0.additional_historical_transactions.0.transaction_date",
        "historical_statement_transaction_after_last_statement_closing_date",
    ),
    (
        ("ledgers", 0, "current_statement_transactions"),
        [US_BOOKING | {"transaction_date": "2026-03-01"}],
        "ledgers.0.current_statement_transactions.0.transaction_date",
        "current_statement_transaction_before_current_statement_opening_date",
    ),
    (
        ("ledgers", 0, "current_statement_transactions"),
        [US_BOOKING | {"amount": "1"}],
        "ledgers.0.ledger_balance",
        "ledger_balance_mismatch",
    ),
    (
        ("ledgers", 0, "last_statement_issue_date"),
        "2026-02-28",
        "ledgers.0.last_statement_issue_date",
        "last_statement_issued_before_closing_date",
    ),
    (
        (*US_POINT, "last_billed_to_date"),
        "2025-02-28",
        f"{US_POINT_PATH}.last_billed_to_date",
        "start_date_later_than_end_date",
    ),
    (
        (*US_POINT, "agreements"),
        [AGREEMENT, SECOND | {"effective_from": "2019-07-01"}],
        f"{US_POINT_PATH}.agreements",
        "gaps_or_overlaps_in_agreement_dates",
    ),
    (
        (*US_POINT, "supply_details", "standard_point_location_code"),
        "GONE",
        f"{US_POINT_PATH}.supply_details.standard_point_location_code",
        "standard_point_location_not_found",
    ),
    ((*US_POINT, "supply_type"), "WATER", f"{US_POINT_PATH}.supply_type", "invalid_choice"),
    ((*US_POINT, "meters", 0, "status"), "asleep", f"{US_POINT_PATH}.meters.0.status", "invalid_choice"),
    ((*US_POINT, "meters", 0, "voltage"), "240", f"{US_POINT_PATH}.meters.0.voltage", "invalid"),
]


@pytest.mark.parametrize(("path", "value", "where", "code"), US_ACCOUNT_CASES)
def test_a_us_account_with_one_fault_is_refused_for_it_alone(
    path: Sequence[str | int], value: Any, where: str, code: str
) -> None:
    dialect = "national_grid_accounts"
    assert problems(dialect, changed(sound(dialect), path, value)) == [(where, code)]


@pytest.mark.parametrize(
    "other",
    [
        {"account_type": "DOMESTIC"},
        {"operations_team_name": "A"},
        {"supply_addresses": [{"supply_points": [], "supply_address": {"structured_street_address": {}}}]},
    ],
)
def test_accounts_of_other_markets_with_supply_points_are_not_taken_for_us_ones(other: Any) -> None:
    assert not national_grid_accounts.fits(sound("national_grid_accounts") | other)


@pytest.mark.parametrize(
    ("dialect", "path", "value", "code"),
    [
        ("edf_accounts", (*GAS, "agreements", 0, "tariff_code"), "GAS-OBSOLETE-1", "tariff_code_not_found"),
        (
            "plenitude_accounts",
            ("supply_addresses", 0, "supply_points", 0, "agreements", 0, "tariff_code"),
            "PT-OBSOLETE-1",
            "tariff_code_not_found",
        ),
        ("essential_supply_points_cdns", ("supply_point", "substation"), "999000001", "substation_not_found"),
        (
            "national_grid_accounts",
            (*US_POINT, "agreements", 0, "tariff_code"),
            "MECO-R1-OBSOLETE",
            "tariff_code_not_found",
        ),
        (
            "essential_supply_points_accounts",
            ("supply_point", "substation"),
            "999000001",
            "substation_not_found",
        ),
    ],
)
def test_some_payloads_pass_and_fail_only_while_processing(
    dialect: str, path: Sequence[str | int], value: str, code: str
) -> None:
    payload = changed(sound(dialect), path, value)
    error = form(dialect, payload).processing_error(payload)
    assert problems(dialect, payload) == []
    assert error is not None
    assert error[0] == code


def test_every_form_is_found_and_none_claims_anothers_payload() -> None:
    resources = {dialect: get_dialect(name=dialect).resource for dialect in DIALECTS}
    assert set(FORMS) == set(resources.values())
    for dialect in DIALECTS:
        fitting = [each for forms in FORMS.values() for each in forms if each.fits(sound(dialect))]
        assert fitting == [form(dialect, sound(dialect))]
