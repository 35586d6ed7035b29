"""The people of an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import contacts, dates
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule

_ADDRESSES: Final = "supply_addresses"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The people of an account."""
    return (
        *contacts.phone_rules(
            "customers.mobile",
            "customers.landline",
            f"{_ADDRESSES}.property_administrators.mobile",
            f"{_ADDRESSES}.property_administrators.landline",
            region=given.region,
        ),
        *contacts.email_rules("customers.email", f"{_ADDRESSES}.property_administrators.email"),
        contacts.unique_email("customers.email"),
        *contacts.readable("billing_name", "customers.given_name", "customers.family_name"),
        dates.plausible_birth("customers.date_of_birth", today=given.today),
        ObjectRule(
            code="customer_family_name_required",
            path="",
            explanation="A customer of a domestic account needs a last name.",
            faults=_names,
            fields=("customers.family_name",),
        ),
        ObjectRule(
            code="customer_with_unknown_occupier",
            path="",
            explanation="An account of an unknown occupier has no customers.",
            faults=_occupier,
            fields=("customers",),
        ),
    )


def _names(account: Document) -> Iterator[Fault]:
    if account["account_type"].startswith("DOMESTIC"):
        for index, customer in enumerate(account.get("customers") or ()):
            if not customer.get("family_name"):
                yield Fault(f"customers.{index}.family_name")


def _occupier(account: Document) -> Iterator[Fault]:
    if account.get("unknown_occupier") and account.get("customers"):
        yield Fault("customers")
