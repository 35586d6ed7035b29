"""The served document on what an adopter may add to EDF accounts: what breaks a rule, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules.changes import Change, put
from tests.unit.transforms.rules.test_edf_people import BUSINESS, Case, found_in
from transforms.dialects.edf_accounts.rules import extras
from transforms.registry import get_dialect
from transforms.rules.engine import Circumstances

USER = {"family_name": "Jabłoński", "business_roles": ["ADMIN"]}
COMPLAINT = {
    "complainant_email": "bob@jablonski.com",
    "complainant_name": "Bob",
    "complaint_contacts": [],
    "created_at": "2026-01-01T00:00:00Z",
    "has_chsr_letter_been_sent": True,
    "has_eight_week_letter_been_sent": True,
    "type_of_complaint": "BILLING",
    "subtype_of_complaint": "LATE",
}
ABROAD = {"street_address": "1 rue du Port", "country": "FR"}
REVIEW = {
    "created_at": "2026-01-01T00:00:00Z",
    **dict.fromkeys(
        ("average_monthly_charge", "average_monthly_elec_charge", "average_monthly_gas_charge"), 1
    ),
    **dict.fromkeys(("balance_adjustment", "current_balance", "target_balance"), 1),
    **dict.fromkeys(("existing_direct_debit_payment", "new_direct_debit"), 1),
}


def consents(*types: str, signed_at: str = "2026-11-21T23:59:59Z") -> list[dict[str, Any]]:
    return [{"type": each, "value": "ACCEPTED", "signed_at": signed_at} for each in types]


def listed(path: str, *entries: Any) -> Change:
    return put(path, list(entries))


def details(value: str) -> list[dict[str, str]]:
    return [{"namespace": "external_user_id", "value": value}]


def two_customers(*, other: str) -> tuple[Change, ...]:
    return (
        put("customers.0.user_details", details("7")),
        lambda document: document["customers"].append({"family_name": "X", "user_details": details(other)}),
    )


def abroad(**more: Any) -> tuple[Change, ...]:
    lines = (*(f"billing_address{line}" for line in range(1, 6)), "billing_postcode")
    return (*(put(line, None) for line in lines), put("billing_address", {**ABROAD, **more}))


CASES: list[Case] = [
    (
        "invalid_phone_number",
        "customers.0.alternative_phone_numbers.0.phone_number",
        (listed("customers.0.alternative_phone_numbers", {"phone_number": "later"}),),
        (listed("customers.0.alternative_phone_numbers", {"phone_number": "07123 456789"}),),
    ),
    (
        "invalid_phone_number",
        "business.users.0.mobile",
        (BUSINESS, listed("business.users", {**USER, "mobile": "later"})),
        (BUSINESS, listed("business.users", {**USER, "mobile": "07123456789"})),
    ),
    (
        "possible_test_email_address",
        "business.users.0.email",
        (BUSINESS, listed("business.users", {**USER, "email": "test@business.com"})),
        (BUSINESS, listed("business.users", {**USER, "email": "tests@business.com"})),
    ),
    (
        "invalid",
        "business.users.0.contact_emails.1",
        (BUSINESS, listed("business.users", {**USER, "contact_emails": ["a@business.com", "later"]})),
        (BUSINESS, listed("business.users", {**USER, "contact_emails": ["a@business.com"]})),
    ),
    (
        "metadata_has_duplicate_keys",
        "customers.0.metadata.1.key",
        (listed("customers.0.metadata", {"key": "a", "value": 1}, {"key": "a", "value": 2}),),
        (listed("customers.0.metadata", {"key": "a", "value": 1}, {"key": "b", "value": 1}),),
    ),
    (
        "repeated_values_for_unique_customer_detail_namespace",
        "customers.1.user_details",
        two_customers(other="7"),
        two_customers(other="8"),
    ),
    (
        "children_with_duplicate_values",
        "consents.1.type",
        (put("consents", consents("SMS", "SMS")),),
        (put("consents", consents("SMS", "EMAIL")),),
    ),
    (
        "children_with_duplicate_values",
        "customers.0.consents.1.type",
        (put("customers.0.consents", consents("SMS", "SMS")),),
        (put("customers.0.consents", consents("SMS", "EMAIL")),),
    ),
    (
        "date_in_future",
        "consents.0.signed_at",
        (put("consents", consents("SMS", signed_at="2026-11-22T00:00:00Z")),),
        (put("consents", consents("SMS", signed_at="2026-11-22T00:30:00+01:00")),),
    ),
    (
        "date_in_future",
        "consents.0.signed_at",
        (put("consents", consents("SMS", signed_at="2028-02-29T00:00:00Z")),),
        # No such day: its form passes, and Kraken tells.
        (put("consents", consents("SMS", signed_at="2027-02-29T00:00:00Z")),),
    ),
    (
        "fields_are_mutually_exclusive",
        "customers.0.consents",
        (put("customers.0.consents", consents("SMS")),),
        (put("customers.0.consents", consents("SMS")), put("customers.0.customer_preferences", None)),
    ),
    (
        "invalid_delivery_point_identifier",
        "billing_delivery_point_identifier",
        (put("billing_delivery_point_identifier", "w1f9de1a"),),
        (put("billing_delivery_point_identifier", "W1F9DE1A"),),
    ),
    (
        "invalid_delivery_point_identifier",
        "supply_addresses.0.supply_delivery_point_identifier",
        (put("supply_addresses.0.supply_delivery_point_identifier", "W1F 9DE1A"),),
        (put("supply_addresses.0.supply_delivery_point_identifier", "W1F9DE1A"),),
    ),
    (
        "invalid_delivery_point_identifier",
        "billing_address.delivery_point_identifier",
        abroad(delivery_point_identifier="Ω1"),
        abroad(delivery_point_identifier="01"),
    ),
    (
        "invalid_address",
        "billing_address.structured_street_address",
        abroad(structured_street_address={"street": "rue du Port"}),
        abroad(street_address="", structured_street_address={"street": "rue du Port"}),
    ),
    (
        "duplicate_property_external_identifiers",
        "supply_addresses.1.property_external_identifier",
        (
            put("supply_addresses.0.property_external_identifier", "P-1"),
            lambda document: document["supply_addresses"].append(
                {**document["supply_addresses"][0], "supply_address1": "Elsewhere", "meter_points": []}
            ),
        ),
        (put("supply_addresses.0.property_external_identifier", "P-1"),),
    ),
    (
        "portfolio_settings_included_when_not_lead",
        "portfolio.portfolio_settings",
        (put("portfolio.portfolio_settings", {"collective_billing": True}),),
        (
            put("portfolio.portfolio_settings", {"collective_billing": True}),
            put("account_type", "PORTFOLIO_LEAD"),
        ),
    ),
    (
        "duplicate_portfolio_references",
        "portfolio.portfolio_references.1.namespace",
        (
            listed(
                "portfolio.portfolio_references",
                {"namespace": "portfolio-label", "value": "A"},
                {"namespace": "portfolio-label", "value": "B"},
            ),
        ),
        (listed("portfolio.portfolio_references", {"namespace": "portfolio-label", "value": "A"}),),
    ),
    (
        "duplicate_ledger_in_payment_preferences",
        "payment_preferences.1.ledger_identifier",
        (listed("payment_preferences", *[{"type": "PASSIVE", "ledger_identifier": "L"}] * 2),),
        (listed("payment_preferences", {"type": "PASSIVE", "ledger_identifier": "L"}),),
    ),
    (
        "invalid",
        "complaints.0.complainant_email",
        (listed("complaints", {**COMPLAINT, "complainant_email": "Bob"}),),
        (listed("complaints", COMPLAINT),),
    ),
    (
        "official_complaint_field_missing",
        "complaints.0",
        (listed("complaints", {**COMPLAINT, "official_entity": "Ombudsman"}),),
        (
            listed(
                "complaints",
                {
                    **COMPLAINT,
                    "official_entity": "Ombudsman",
                    "official_reference_number": "1",
                    "official_status": "OPEN",
                },
            ),
        ),
    ),
    (
        "chsr_letter_not_sent",
        "complaints.0.has_chsr_letter_been_sent",
        (listed("complaints", {**COMPLAINT, "has_chsr_letter_been_sent": False}),),
        (
            listed(
                "complaints",
                {**COMPLAINT, "has_chsr_letter_been_sent": False, "has_eight_week_letter_been_sent": False},
            ),
        ),
    ),
    (
        "start_date_later_than_end_date",
        "supply_addresses.0.property_administrators.0.effective_to",
        (
            put("supply_addresses.0.property_administrators.0.effective_from", "2026-01-02T00:00:00Z"),
            put("supply_addresses.0.property_administrators.0.effective_to", "2026-01-01T00:00:00Z"),
        ),
        (
            put("supply_addresses.0.property_administrators.0.effective_from", "2026-01-01T00:00:00Z"),
            put("supply_addresses.0.property_administrators.0.effective_to", "2026-01-01T00:00:00Z"),
        ),
    ),
    (
        "payment_adequacy_changes_and_last_payment_review_date_provided",
        "payment_adequacy_changes",
        (listed("payment_adequacy_changes", REVIEW),),
        (listed("payment_adequacy_changes", REVIEW), put("last_payment_review_date", None)),
    ),
]


@pytest.mark.parametrize(
    ("code", "path", "broken", "near"), CASES, ids=[f"{code}-{path}" for code, path, _, _ in CASES]
)
def test_what_the_document_forbids_is_an_error_and_what_is_near_it_is_none(
    code: str, path: str, broken: tuple[Change, ...], near: tuple[Change, ...]
) -> None:
    assert found_in(*broken)[(code, path)] == "error"
    assert (code, path) not in found_in(*near)


def test_each_rule_about_what_may_be_added_says_where_it_is_stated_or_only_warns() -> None:
    every = extras.rules(Circumstances(today=TODAY, region="GB"))
    assert {rule.code for rule in every if rule.source is None} == {"unusual_phone_number"}
    dialect = get_dialect(name="edf_accounts")
    assert expected_payload(dialect=dialect).keys().isdisjoint({"consents", "portfolio", "complaints"})
