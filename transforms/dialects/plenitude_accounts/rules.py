"""The checks of a Portuguese account.

The guide states one rule, that a telephone number must be valid. All else is inferred, and warns: the check
digits of Portugal's identifiers, and what other Krakens serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import addresses, contacts, dates, identifiers
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule, inferred, stated
from transforms.rules.values import shown_by_guide

_POINTS: Final = "supply_addresses.supply_points"
_ADDRESS: Final = "supply_addresses.supply_address"
_NUMBERS: Final = ("customers.mobile", "customers.landline")


def fiscal_code(path: str) -> Rule:
    """The NIF among the details of a customer."""
    return ObjectRule(
        code="invalid_fiscal_code",
        path=path,
        explanation="The check digit of the NIF must be right.",
        severity="warning",
        needs=("namespace", "value"),
        faults=_fiscal_code,
        fields=("value",),
    )


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one region."""
    return (
        *stated(
            "guide",
            "Validate account data, 400",
            "is not a valid phone number",
            *(contacts.dialled_phone(path) for path in _NUMBERS),
        ),
        *inferred(
            *(contacts.expected_phone(path, region=given.region) for path in _NUMBERS),
            fiscal_code("customers.user_details"),
            *contacts.email_rules("customers.email"),
            contacts.unique_email("customers.email"),
            *contacts.readable("customers.given_name", "customers.family_name"),
            identifiers.valid_identifier(
                f"{_POINTS}.identifier", is_valid=identifiers.is_cpe, name="CPE or CUI"
            ),
            identifiers.unique_identifier(f"{_POINTS}.identifier"),
            *dates.agreement_rules(_POINTS),
            addresses.postcode_fits_country(_ADDRESS),
            *contacts.readable(f"{_ADDRESS}.locality", f"{_ADDRESS}.structured_street_address.street_name"),
            # Of each the guide shows the first, and EDF's Kraken serves the other for the same field.
            shown_by_guide("account_type", "DOMESTIC", "BUSINESS"),
            shown_by_guide(f"{_POINTS}.supply_type", "ELECTRICITY", "GAS"),
            shown_by_guide(
                "customers.user_details.namespace",
                "first_family_name",
                "second_family_name",
                "fiscal_code",
                *given.named("user_detail_namespaces"),
            ),
        ),
    )


def _fiscal_code(detail: Document) -> Iterator[Fault]:
    if detail["namespace"] == "fiscal_code" and not identifiers.is_nif(detail["value"]):
        yield Fault("value")
