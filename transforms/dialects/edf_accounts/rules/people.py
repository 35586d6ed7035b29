"""The people of an account, and the business that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import contacts, dates, notes
from transforms.rules.engine import (
    Circumstances,
    Document,
    Fault,
    Rule,
    inferred,
    object_rule,
    served,
    stated,
)

_ADMINISTRATORS: Final = "supply_addresses.property_administrators"
_REACHED: Final = ("email", "mobile", "landline", "alternative_phone_numbers", "contact_emails")


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The people of an account, how to reach them, what they need, and their business."""
    return (
        *_contact_rules(region=given.region),
        *_customer_rules(),
        *_business_rules(),
        *served("EnergyPSR", _codeless),
        *served("EnergyLegacySupplyAddress.property_administrators", _administrators),
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
        *email_form("EnergyCustomer.email", "customers.email"),
        *email_form("EnergyCustomer.contact_emails", "customers.contact_emails"),
        *served("EnergyCustomer.email", contacts.no_test_email("customers.email")),
        *email_form("PropertyAdministrator.email", f"{_ADMINISTRATORS}.email"),
        *email_form("EnergyAccount.billing_email", "billing_email"),
        *served("EnergyAccount.billing_email", contacts.no_black_hole("billing_email")),
    )


def _customer_rules() -> tuple[Rule, ...]:
    return (
        *served("EnergyAccount.customers", _nameless, _known_occupier),
        *served("EnergyCustomer.family_name", _occupier),
        *served("EnergyCustomer", _reached_occupier),
    )


def _business_rules() -> tuple[Rule, ...]:
    return (
        *served("EnergyAccount.customers", _business_of_nobody),
        *served("EnergyAccount.business", _domestic_business),
        *served(
            "BaseBusiness.details",
            notes.unique_in_list("details", "key", code="children_with_duplicate_values", path="business"),
        ),
    )


def email_form(place: str, path: str) -> tuple[Rule, ...]:
    """What the served document says of the form of an e-mail address."""
    return stated("served", place, "format: email", contacts.email_form(path))


def _is_domestic(account: Document) -> bool:
    return str(account.get("account_type") or "").startswith("DOMESTIC")


@object_rule(
    "customer_family_name_required",
    "A customer of a domestic account needs a last name.",
    fields=("customers.family_name",),
)
def _nameless(account: Document) -> Iterator[Fault]:
    if _is_domestic(account):
        for index, customer in enumerate(account.get("customers") or ()):
            if not customer.get("family_name"):
                yield Fault(f"customers.{index}.family_name")


@object_rule(
    "customer_with_unknown_occupier",
    "An account of an unknown occupier has no customers.",
    fields=("customers",),
)
def _known_occupier(account: Document) -> Iterator[Fault]:
    if account.get("unknown_occupier") and account.get("customers"):
        yield Fault("customers")


def _is_occupier(customer: Document) -> bool:
    words = f"{customer.get('given_name') or ''} {customer.get('family_name') or ''}".casefold().split()
    return words == ["the", "occupier"]


@object_rule(
    "customer_may_not_be_named_the_occupier",
    "An unknown occupier is not a customer: the account says so by unknown_occupier.",
    path="customers",
    fields=("family_name",),
)
def _occupier(customer: Document) -> Iterator[Fault]:
    if _is_occupier(customer):
        yield Fault("family_name")


@object_rule(
    "contact_details_for_occupier",
    "An occupier who can be reached is known, and has a name.",
    path="customers",
)
def _reached_occupier(customer: Document) -> Iterator[Fault]:
    if _is_occupier(customer) and any(customer.get(name) for name in _REACHED):
        yield Fault()


@object_rule(
    "business_account_missing_customers", "A business account needs a customer.", fields=("customers",)
)
def _business_of_nobody(account: Document) -> Iterator[Fault]:
    # An account that says itself that its occupier is unknown has no customers to send.
    if (
        account.get("account_type") == "BUSINESS"
        and not account.get("unknown_occupier")
        and not account.get("customers")
    ):
        yield Fault("customers")


@object_rule(
    "business_fields_provided_for_domestic_accounts",
    "A domestic account has neither a kind of business nor a company number.",
    fields=("business",),
)
def _domestic_business(account: Document) -> Iterator[Fault]:
    business = account.get("business") or {}
    if _is_domestic(account) and (business.get("business_type") or business.get("company_number")):
        yield Fault("business")


@object_rule(
    "psr_industry_code_not_provided",
    "A need needs an industry code, of electricity or of gas.",
    path="customers.psr",
)
def _codeless(need: Document) -> Iterator[Fault]:
    if not need.get("elec_industry_code") and not need.get("gas_industry_code"):
        yield Fault()


@object_rule(
    "multiple_property_administrators",
    "A property may have one administrator: others are added in Kraken by hand.",
    path="supply_addresses",
    fields=("property_administrators",),
)
def _administrators(address: Document) -> Iterator[Fault]:
    if len(address.get("property_administrators") or ()) > 1:
        yield Fault("property_administrators")
