"""What our own frames leave empty and an adopter may fill: consents, portfolios, complaints and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from transforms.dialects.edf_accounts.rules.people import email_form
from transforms.rules import contacts, dates, notes
from transforms.rules.engine import (
    Circumstances,
    Document,
    Fault,
    Rule,
    ValueRule,
    inferred,
    object_rule,
    served,
    stated,
)

_TWICE: Final = "children_with_duplicate_values"
_ADMINISTRATORS: Final = "supply_addresses.property_administrators"
_DELIVERY_POINT: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
_OFFICIAL: Final = ("official_entity", "official_reference_number", "official_status")


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Checks of fields that no frame of ours fills."""
    return (
        *_people_rules(given=given),
        *_consent_rules(today=given.today),
        *_address_rules(),
        *_portfolio_rules(),
        *_complaint_rules(),
        *_period_rules(),
    )


def _people_rules(*, given: Circumstances) -> tuple[Rule, ...]:
    others = "customers.alternative_phone_numbers.phone_number"
    users = ("business.users.mobile", "business.users.landline")
    return (
        *served(
            "CustomerAlternativeNumber.phone_number", contacts.existing_phone(others, region=given.region)
        ),
        *served(
            "BusinessUser.mobile, BusinessUser.landline",
            *(contacts.existing_phone(path, region=given.region) for path in users),
        ),
        *inferred(*(contacts.usual_phone(path, region=given.region) for path in (others, *users))),
        *email_form("BusinessUser.email", "business.users.email"),
        *email_form("BusinessUser.contact_emails", "business.users.contact_emails"),
        *served("BusinessUser.email", contacts.no_test_email("business.users.email")),
        *served(
            "EnergyCustomer.metadata",
            notes.unique_in_list("metadata", "key", code="metadata_has_duplicate_keys", path="customers"),
        ),
        *served("EnergyAccount.customers", _users_twice),
    )


def _consent_rules(*, today: date) -> tuple[Rule, ...]:
    return (
        *served("EnergyAccount.consents", notes.unique_in_list("consents", "type", code=_TWICE)),
        *served(
            "EnergyCustomer.consents", notes.unique_in_list("consents", "type", code=_TWICE, path="customers")
        ),
        *served(
            "CustomerConsent.signed_at",
            *(_signed(path, today=today) for path in ("consents.signed_at", "customers.consents.signed_at")),
        ),
        *served("EnergyCustomer", _asked_twice),
    )


def _address_rules() -> tuple[Rule, ...]:
    of_supply = "supply_delivery_point_identifier"
    return (
        *served(
            "EnergyAccount.billing_delivery_point_identifier",
            _delivery_point("billing_delivery_point_identifier"),
        ),
        *served(f"EnergyLegacySupplyAddress.{of_supply}", _delivery_point(f"supply_addresses.{of_supply}")),
        *served(
            "Address.delivery_point_identifier", _delivery_point("billing_address.delivery_point_identifier")
        ),
        *stated("served", "Address.structured_street_address", "should be provided, not both", _street_twice),
        *served(
            "EnergyAccount.supply_addresses",
            notes.unique_in_list(
                "supply_addresses",
                "property_external_identifier",
                code="duplicate_property_external_identifiers",
            ),
        ),
    )


def _portfolio_rules() -> tuple[Rule, ...]:
    return (
        *served("EnergyAccount.portfolio", _settings_of_no_lead),
        *served("AccountPortfolio.portfolio_references", _references("portfolio")),
        *served("BusinessPortfolio.portfolio_references", _references("business.portfolios")),
        *served(
            "EnergyAccount.payment_preferences",
            notes.unique_in_list(
                "payment_preferences", "ledger_identifier", code="duplicate_ledger_in_payment_preferences"
            ),
        ),
    )


def _complaint_rules() -> tuple[Rule, ...]:
    email = "complaints.complainant_email"
    return (
        *email_form("Complaint.complainant_email", email),
        *served("Complaint.complainant_email", contacts.no_test_email(email)),
        *served("Complaint", _half_official, _letter_too_soon),
    )


def _period_rules() -> tuple[Rule, ...]:
    code = "start_date_later_than_end_date"
    return (
        *served(
            "PropertyAdministrator.effective_to",
            dates.times_ordered(_ADMINISTRATORS, first="effective_from", then="effective_to", code=code),
        ),
        *served(
            "PartnerOrganisation.valid_to",
            dates.times_ordered("partner_organisations", first="valid_from", then="valid_to", code=code),
        ),
        *served("EnergyAccount.payment_adequacy_changes", _reviewed_twice),
    )


def _references(path: str) -> Rule:
    return notes.unique_in_list(
        "portfolio_references", "namespace", code="duplicate_portfolio_references", path=path
    )


def _signed(path: str, *, today: date) -> Rule:
    def holds(value: str) -> bool:
        # The day may be tomorrow's only where the clock is ahead of ours.
        signed = None if value[:10] <= today.isoformat() else dates.moment(value)
        return signed is None or signed.date() <= today

    return ValueRule(
        code="date_in_future", path=path, explanation="A consent was not signed in the future.", holds=holds
    )


def _delivery_point(path: str) -> Rule:
    return ValueRule(
        code="invalid_delivery_point_identifier",
        path=path,
        explanation="A delivery point has capital letters and digits only.",
        holds=lambda value: _DELIVERY_POINT.fullmatch(value) is not None,
    )


@object_rule(
    "repeated_values_for_unique_customer_detail_namespace",
    "No two customers of an account may have the same external_user_id.",
    fields=("customers.user_details",),
)
def _users_twice(account: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, customer in enumerate(account.get("customers") or ()):
        own = {
            detail.get("value")
            for detail in customer.get("user_details") or ()
            if detail.get("namespace") == "external_user_id"
        }
        if own & seen:
            yield Fault(f"customers.{index}.user_details")
        seen |= own


@object_rule(
    "fields_are_mutually_exclusive",
    "A customer has consents or customer_preferences, and not both.",
    path="customers",
    fields=("consents",),
    needs=("consents", "customer_preferences"),
)
def _asked_twice(customer: Document) -> Iterator[Fault]:
    if customer["consents"] and customer["customer_preferences"]:
        yield Fault("consents")


@object_rule(
    "invalid_address",
    "A street is sent in one line or as an object, and not as both.",
    path="billing_address",
    fields=("structured_street_address",),
    needs=("street_address", "structured_street_address"),
)
def _street_twice(address: Document) -> Iterator[Fault]:
    if address["street_address"] and address["structured_street_address"]:
        yield Fault("structured_street_address")


@object_rule(
    "portfolio_settings_included_when_not_lead",
    "Only the account that leads a portfolio has settings of it.",
    fields=("portfolio.portfolio_settings",),
)
def _settings_of_no_lead(account: Document) -> Iterator[Fault]:
    portfolio = account.get("portfolio") or {}
    if portfolio.get("portfolio_settings") and account.get("account_type") != "PORTFOLIO_LEAD":
        yield Fault("portfolio.portfolio_settings")


@object_rule(
    "official_complaint_field_missing",
    "An official complaint has an entity, a reference number and a status.",
    path="complaints",
)
def _half_official(complaint: Document) -> Iterator[Fault]:
    given = [bool(complaint.get(name)) for name in _OFFICIAL]
    if any(given) and not all(given):
        yield Fault()


@object_rule(
    "chsr_letter_not_sent",
    "The letter after eight weeks comes after the one of the complaint rules.",
    path="complaints",
    fields=("has_chsr_letter_been_sent",),
)
def _letter_too_soon(complaint: Document) -> Iterator[Fault]:
    if complaint.get("has_eight_week_letter_been_sent") and not complaint.get("has_chsr_letter_been_sent"):
        yield Fault("has_chsr_letter_been_sent")


@object_rule(
    "payment_adequacy_changes_and_last_payment_review_date_provided",
    "Reviews of payments are sent as changes or as a date, and not as both.",
    fields=("payment_adequacy_changes",),
    needs=("payment_adequacy_changes", "last_payment_review_date"),
)
def _reviewed_twice(account: Document) -> Iterator[Fault]:
    if account["payment_adequacy_changes"] and account["last_payment_review_date"]:
        yield Fault("payment_adequacy_changes")
