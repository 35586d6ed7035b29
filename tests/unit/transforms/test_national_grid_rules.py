"""What is found wrong with a US account before Kraken is asked, each as one change to the guide's payload."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.samples import TODAY, as_frames, expected_payload, identifier_of, sample_rows
from transforms.build import BuildResult, BuildSettings, build
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

DIALECT = get_dialect(name="national_grid_accounts")
PROPERTY = ("supply_addresses", 0, "property_details", "property_type_specific_details")
POINT = ("supply_addresses", 0, "supply_points", 0)
BILLED = ("ledgers", 0, "historical_billing_documents", 1, "transactions", 0)
BOOKING = {"transaction_id": "3", "type": "CHARGE", "amount": "0", "transaction_date": "2026-03-02"}
AGREEMENT = {"tariff_code": "A", "effective_from": "2025-03-01", "effective_to": "2025-09-01"}


def found(path: Sequence[str | int], value: Any) -> list[tuple[str, str, str]]:
    """Severity, code and path of what is found, once there is this value at this place."""
    payload = copy.deepcopy(expected_payload(dialect=DIALECT))
    node: Any = payload
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    rules = DIALECT.rules(Circumstances(today=TODAY, region=DIALECT.market))
    findings = run_rules(rules=rules, batch=Batch([payload])).get(0, [])
    told = [(finding.severity, finding.code, finding.path) for finding in findings]
    # The guide's own numbers are Canadian.
    return [each for each in told if each[1] != "unusual_phone_number"]


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        (("customers", 0, "mobile"), "call Sarah", "invalid_phone_number", "customers.0.mobile"),
        (
            ("customers", 0, "alternative_phone_numbers", 0, "phone_number"),
            "+1617",
            "invalid_phone_number",
            "customers.0.alternative_phone_numbers.0.phone_number",
        ),
        (("customers", 0, "email"), "test@mail.org", "possible_test_email_address", "customers.0.email"),
        (("billing_address", "postal_code"), "2151", "invalid_postcode", "billing_address.postal_code"),
        (
            ("supply_addresses", 0, "supply_address", "postal_code"),
            "02151-1",
            "invalid_postcode",
            "supply_addresses.0.supply_address.postal_code",
        ),
        (
            (*POINT, "agreements"),
            [AGREEMENT, AGREEMENT | {"effective_from": "2025-08-31", "effective_to": "2026-01-01"}],
            "gaps_or_overlaps_in_agreement_dates",
            "supply_addresses.0.supply_points.0.agreements",
        ),
        (
            (*POINT, "last_billed_to_date"),
            "2025-02-28",
            "start_date_later_than_end_date",
            "supply_addresses.0.supply_points.0.last_billed_to_date",
        ),
        *(
            (place, "other", "unlisted_value", ".".join(map(str, place)))
            for place in (
                ("customers", 0, "user_details", 0, "namespace"),
                ("ledgers", 0, "ledger_code"),
                ("ledgers", 0, "billing_document_type"),
                ("ledgers", 0, "historical_billing_documents", 0, "billing_document_type"),
                (*BILLED, "reason"),
                (*POINT, "supply_type"),
                (*PROPERTY, "property_type"),
                (*PROPERTY, "premise_type"),
                (*POINT, "operating_company"),
                (*POINT, "supply_details", "service_drop", "distribution_line_style"),
                (*POINT, "supply_details", "service_drop", "metering_type"),
                (*POINT, "meters", 0, "status"),
                (*POINT, "meters", 0, "service_type"),
                (*POINT, "meters", 0, "phase"),
                (*POINT, "meters", 0, "registers", 0, "register_type"),
            )
        ),
        (
            ("notes", 0, "unpin_at"),
            "2024-05-01T12:00:00Z",
            "note_unpin_at_earlier_than_creation_date",
            "notes.0.unpin_at",
        ),
    ],
)
def test_one_fault_is_found_and_nothing_else(
    path: Sequence[str | int], value: Any, code: str, where: str
) -> None:
    severity = "error" if where == "customers.0.mobile" else "warning"
    assert found(path, value) == [(severity, code, where)]


def test_the_guide_states_one_rule_and_all_others_warn() -> None:
    rules = DIALECT.rules(Circumstances(today=TODAY, region=DIALECT.market))
    assert {(rule.code, rule.path, str(rule.source)) for rule in rules if rule.severity == "error"} == {
        (
            "invalid_phone_number",
            f"customers.{name}",
            "guide: Validate account data, 400 (is not a valid phone number)",
        )
        for name in ("mobile", "landline")
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("customers", 0, "landline"), "617-234-5678"),
        (("billing_address", "postal_code"), "02151-1234"),
        # A bill may go abroad, and other countries have other postcodes.
        (
            ("billing_address",),
            {
                "street_address": "1 King St",
                "locality": "Toronto",
                "administrative_area": "ON",
                "postal_code": "M5H 1A1",
                "country": "CA",
            },
        ),
        (("ledgers", 0, "current_statement_transactions"), [BOOKING]),
        (
            (*POINT, "agreements"),
            [AGREEMENT, {"tariff_code": "B", "effective_from": "2025-09-01"}],
        ),
    ],
)
def test_what_is_unusual_and_right_passes(path: Sequence[str | int], value: Any) -> None:
    assert found(path, value) == []


def built(frame: str, **values: Any) -> BuildResult:
    """What becomes of the guide's rows once these values stand in the first row of a frame."""
    rows = sample_rows(dialect=DIALECT)
    rows[frame][0] |= values
    return build(
        dialect=DIALECT,
        frames=as_frames(dialect=DIALECT, rows=rows),
        identifiers=[identifier_of(dialect=DIALECT)],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )


@pytest.mark.parametrize(
    ("frame", "column", "code", "setting"),
    [
        ("supply_points", "operating_company", "NANT", "operating_companies"),
        ("supply_addresses", "premise_type", "MF", "premise_types"),
        ("supply_points", "distribution_line_style", "O", "line_styles"),
        ("supply_points", "metering_type", "S", "metering_types"),
        ("meters", "status", "OFF", "meter_statuses"),
        ("meters", "phase", "3", "phases"),
        ("registers", "register_type", "KE", "register_types"),
        ("user_details", "namespace", "NICK", "user_detail_namespaces"),
        ("document_transactions", "reason", "ZZ", "transaction_reasons"),
    ],
)
def test_no_word_is_assumed_that_the_guide_does_not_show(
    frame: str, column: str, code: str, setting: str
) -> None:
    (rejection,) = built(frame, **{column: code}).rejections
    (finding,) = rejection.findings
    assert finding.code == "unknown_code"
    assert finding.detail.endswith(
        f"{code!r}: name Kraken's word for it in codes/ or the Connection's Configured values, "
        f"setting {setting}."
    )


@pytest.mark.parametrize("blank", ["", " ", None])
def test_net_metering_of_which_nothing_is_known_is_left_out(blank: str | None) -> None:
    (payload,) = built("meters", is_net_metered=blank).payloads
    (address,) = json.loads(payload.body)["supply_addresses"]
    assert "is_net_metered" not in address["supply_points"][0]["meters"][0]


def test_a_bill_goes_to_a_country_without_states_and_postcodes() -> None:
    result = built("accounts", administrative_area=None, postal_code=None, country="IE")
    assert len(result.payloads) == 1


def test_a_customer_with_400_meters_is_one_payload() -> None:
    rows = sample_rows(dialect=DIALECT)
    for frame, key in (("meters", "meter_key"), ("registers", "meter_key")):
        rows[frame] = [rows[frame][0] | {key: number} for number in range(400)]
    result = build(
        dialect=DIALECT,
        frames=as_frames(dialect=DIALECT, rows=rows),
        identifiers=[identifier_of(dialect=DIALECT)],
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    (payload,) = result.payloads
    (address,) = json.loads(payload.body)["supply_addresses"]
    assert len(address["supply_points"][0]["meters"]) == 400


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        (("ledgers", 0, "ledger_balance"), "200", "ledger_balance_mismatch", "ledgers.0.ledger_balance"),
        (("ledgers", 0, "ledger_balance"), "-200.01", "ledger_balance_mismatch", "ledgers.0.ledger_balance"),
        (
            (*BILLED, "transaction_id"),
            "1",
            "duplicate_transaction_ids",
            "ledgers.0.historical_billing_documents.1.transactions.0.transaction_id",
        ),
        (
            (*BILLED, "transaction_date"),
            "2026-03-02",
            "historical_statement_transaction_after_last_statement_closing_date",
            "ledgers.0.historical_billing_documents.1.transactions.0.transaction_date",
        ),
        (
            ("ledgers", 0, "additional_historical_transactions"),
            [BOOKING],
            "historical_statement_transaction_after_last_statement_closing_date",
            "ledgers.0.additional_historical_transactions.0.transaction_date",
        ),
        (
            ("ledgers", 0, "current_statement_transactions"),
            [BOOKING | {"transaction_date": "2026-03-01"}],
            "current_statement_transaction_before_current_statement_opening_date",
            "ledgers.0.current_statement_transactions.0.transaction_date",
        ),
        (
            ("ledgers", 0, "last_statement_issue_date"),
            "2026-02-28",
            "last_statement_issued_before_closing_date",
            "ledgers.0.last_statement_issue_date",
        ),
    ],
)
def test_what_the_guide_does_not_say_of_money_is_a_warning(
    path: Sequence[str | int], value: Any, code: str, where: str
) -> None:
    assert ("warning", code, where) in found(path, value)
    assert "error" not in {severity for severity, _, _ in found(path, value)}


@pytest.mark.parametrize("kind", ["CHARGE", "CREDIT", "PAYMENT", "REPAYMENT"])
def test_the_guide_forbids_no_booking_a_minus(kind: str) -> None:
    document = copy.deepcopy(expected_payload(dialect=DIALECT))
    document["ledgers"][0]["current_statement_transactions"] = [BOOKING | {"type": kind, "amount": "-0.0625"}]
    DIALECT.model.model_validate(document)
