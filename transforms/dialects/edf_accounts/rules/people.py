"""The people of an account, and the business that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import contacts, dates, notes
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule, inferred, served, stated

_ADMINISTRATORS: Final = "supply_addresses.property_administrators"
_REACHED: Final = ("email", "mobile", "landline", "alternative_phone_numbers", "contact_emails")


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The people of an account, how to reach them, what they need, and their business."""
    return (
        *_contact_rules(region=given.region),
        *_customer_rules(),
        *_business_rules(),
        *served(
            "EnergyPSR",
            ObjectRule(
                code="psr_industry_code_not_provided",
                path="customers.psr",
                explanation="A need needs an industry code, of electricity or of gas.",
                faults=_codeless,
            ),
        ),
        *served(
            "EnergyLegacySupplyAddress.property_administrators",
            ObjectRule(
                code="multiple_property_administrators",
                path="supply_addresses",
                explanation="A property may have one administrator: others are added in Kraken by hand.",
                faults=_administrators,
                fields=("property_administrators",),
            ),
        ),
        *inferred(
            contacts.unique_email("customers.email"),
            *contacts.readable("billing_name", "customers.given_name", "customers.family_name"),
            dates.plausible_birth("customers.date_of_birth", today=given.today),
        ),
    )


def _contact_rules(*, region: str) -> tuple[Rule, ...]:
    customers = ("customers.mobile", "customers.landline")
    administrators = (f"{_ADMINISTRATORS}.mobile", f"{_ADMINISTRATORS}.landline")
    return (
        *served(
            "EnergyCustomer.mobile, EnergyCustomer.landline",
            *(contacts.existing_phone(path, region=region) for path in customers),
        ),
        *served(
            "PropertyAdministrator.mobile, PropertyAdministrator.landline",
            *(contacts.existing_phone(path, region=region) for path in administrators),
        ),
        *inferred(
            *(contacts.usual_phone(path, region=region) for path in (*customers, *administrators)),
            contacts.no_test_email(f"{_ADMINISTRATORS}.email"),
        ),
        *stated("served", "EnergyCustomer.email", "format: email", contacts.email_form("customers.email")),
        *stated(
            "served",
            "EnergyCustomer.contact_emails",
            "format: email",
            contacts.email_form("customers.contact_emails"),
        ),
        *served(
            "EnergyCustomer.email",
            contacts.no_test_email("customers.email"),
        ),
        *stated(
            "served",
            "PropertyAdministrator.email",
            "format: email",
            contacts.email_form(f"{_ADMINISTRATORS}.email"),
        ),
        *stated(
            "served", "EnergyAccount.billing_email", "format: email", contacts.email_form("billing_email")
        ),
        *served(
            "EnergyAccount.billing_email",
            contacts.no_black_hole("billing_email"),
        ),
    )


def _customer_rules() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyAccount.customers",
            ObjectRule(
                code="customer_family_name_required",
                path="",
                explanation="A customer of a domestic account needs a last name.",
                faults=_nameless,
                fields=("customers.family_name",),
            ),
        ),
        *served(
            "EnergyAccount.customers",
            ObjectRule(
                code="customer_with_unknown_occupier",
                path="",
                explanation="An account of an unknown occupier has no customers.",
                faults=_known_occupier,
                fields=("customers",),
            ),
        ),
        *served(
            "EnergyCustomer.family_name",
            ObjectRule(
                code="customer_may_not_be_named_the_occupier",
                path="customers",
                explanation="An unknown occupier is not a customer: the account says so by unknown_occupier.",
                faults=_occupier,
                fields=("family_name",),
            ),
        ),
        *served(
            "EnergyCustomer",
            ObjectRule(
                code="contact_details_for_occupier",
                path="customers",
                explanation="An occupier who can be reached is known, and has a name.",
                faults=_reached_occupier,
            ),
        ),
    )


def _business_rules() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyAccount.customers",
            ObjectRule(
                code="business_account_missing_customers",
                path="",
                explanation="A business account needs a customer.",
                faults=_business_of_nobody,
                fields=("customers",),
            ),
        ),
        *served(
            "EnergyAccount.business",
            ObjectRule(
                code="business_fields_provided_for_domestic_accounts",
                path="",
                explanation="A domestic account has neither a kind of business nor a company number.",
                faults=_domestic_business,
                fields=("business",),
            ),
        ),
        *served(
            "BaseBusiness.details",
            notes.unique_in_list("details", "key", code="children_with_duplicate_values", path="business"),
        ),
    )


def _is_domestic(account: Document) -> bool:
    return str(account.get("account_type") or "").startswith("DOMESTIC")


def _nameless(account: Document) -> Iterator[Fault]:
    if _is_domestic(account):
        for index, customer in enumerate(account.get("customers") or ()):
            if not customer.get("family_name"):
                yield Fault(f"customers.{index}.family_name")


def _known_occupier(account: Document) -> Iterator[Fault]:
    if account.get("unknown_occupier") and account.get("customers"):
        yield Fault("customers")


def _is_occupier(customer: Document) -> bool:
    words = f"{customer.get('given_name') or ''} {customer.get('family_name') or ''}".casefold().split()
    return words == ["the", "occupier"]


def _occupier(customer: Document) -> Iterator[Fault]:
    if _is_occupier(customer):
        yield Fault("family_name")


def _reached_occupier(customer: Document) -> Iterator[Fault]:
    if _is_occupier(customer) and any(customer.get(name) for name in _REACHED):
        yield Fault()


def _business_of_nobody(account: Document) -> Iterator[Fault]:
    # An account that says itself that its occupier is unknown has no customers to send.
    if (
        account.get("account_type") == "BUSINESS"
        and not account.get("unknown_occupier")
        and not account.get("customers")
    ):
        yield Fault("customers")


def _domestic_business(account: Document) -> Iterator[Fault]:
    business = account.get("business") or {}
    if _is_domestic(account) and (business.get("business_type") or business.get("company_number")):
        yield Fault("business")


def _codeless(need: Document) -> Iterator[Fault]:
    if not need.get("elec_industry_code") and not need.get("gas_industry_code"):
        yield Fault()


def _administrators(address: Document) -> Iterator[Fault]:
    if len(address.get("property_administrators") or ()) > 1:
        yield Fault("property_administrators")
