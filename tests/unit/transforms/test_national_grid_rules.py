"""What is found wrong with a US account before Kraken is asked, each as one change to the guide's payload."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from tests.samples import TODAY, expected_payload
from transforms.findings import Severity
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

DIALECT = get_dialect(name="national_grid_accounts")
POINT = ("supply_addresses", 0, "supply_points", 0)
BILLED = ("ledgers", 0, "historical_billing_documents", 1, "transactions", 0)
BOOKING = {"transaction_id": "3", "type": "CHARGE", "amount": "0", "transaction_date": "2026-03-02"}
AGREEMENT = {"tariff_code": "A", "effective_from": "2025-03-01", "effective_to": "2025-09-01"}


def found(path: Sequence[str | int], value: Any, *, severity: Severity = "error") -> list[tuple[str, str]]:
    """Code and path of the errors, or of the warnings, once there is this value at this place."""
    payload = copy.deepcopy(expected_payload(dialect=DIALECT))
    node: Any = payload
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    rules = DIALECT.rules(Circumstances(today=TODAY, region=DIALECT.market))
    findings = run_rules(rules=rules, batch=Batch([payload])).get(0, [])
    return [(finding.code, finding.path) for finding in findings if finding.severity == severity]


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
    assert found(path, value) == [(code, where)]


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
    assert found(path, value) == []
    assert (code, where) in found(path, value, severity="warning")


@pytest.mark.parametrize("kind", ["CHARGE", "CREDIT"])
def test_reversed_charges_and_credits_have_a_minus(kind: str) -> None:
    document = copy.deepcopy(expected_payload(dialect=DIALECT))
    document["ledgers"][0]["current_statement_transactions"] = [BOOKING | {"type": kind, "amount": "-0.0625"}]
    DIALECT.model.model_validate(document)


@pytest.mark.parametrize("kind", ["PAYMENT", "REPAYMENT"])
def test_payments_have_no_minus(kind: str) -> None:
    document = copy.deepcopy(expected_payload(dialect=DIALECT))
    document["ledgers"][0]["current_statement_transactions"] = [BOOKING | {"type": kind, "amount": "-1"}]
    with pytest.raises(ValidationError):
        DIALECT.model.model_validate(document)
