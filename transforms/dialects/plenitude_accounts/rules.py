"""What Plenitude's Kraken refuses, as far as a payload alone can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import addresses, contacts, dates, identifiers
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule

_POINTS: Final = "supply_addresses.supply_points"
_ADDRESS: Final = "supply_addresses.supply_address"


def _fiscal_code(detail: Document) -> Iterator[Fault]:
    if detail["namespace"] == "fiscal_code" and not identifiers.is_nif(detail["value"]):
        yield Fault("value")


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules of an account."""
    return (
        ObjectRule(
            code="invalid_fiscal_code",
            path="customers.user_details",
            explanation="The check digit of the NIF must be right.",
            faults=_fiscal_code,
            fields=("value",),
        ),
        *contacts.phone_rules("customers.mobile", "customers.landline", region=given.region),
        *contacts.email_rules("customers.email"),
        contacts.unique_email("customers.email"),
        *contacts.readable("customers.given_name", "customers.family_name"),
        identifiers.valid_identifier(f"{_POINTS}.identifier", is_valid=identifiers.is_cpe, name="CPE or CUI"),
        identifiers.unique_identifier(f"{_POINTS}.identifier"),
        *dates.agreement_rules(_POINTS),
        addresses.postcode(f"{_ADDRESS}.postal_code", country="PT"),
        *contacts.readable(f"{_ADDRESS}.locality", f"{_ADDRESS}.structured_street_address.street_name"),
    )
