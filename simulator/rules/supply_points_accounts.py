"""Rules for supply points with accounts. README.md lists them with their codes and paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.rules.common import Problem, objects, phone, reached
from simulator.rules.shape import DAY, TEXTS, Shape, choice, many, misshapen, one, required, text
from simulator.rules.supply_points import (
    CONTACT,
    PHONE,
    POSTAL_ADDRESS,
    SUPPLY_POINT,
    address_problems,
    contact_problems,
    missing_substation,
    point_problems,
)

RESOURCE: Final = "supply-points"

_PHONES: Final = ("phone_1", "phone_2")

_CUSTOMER: Final[Shape] = {
    "title": text(),
    "given_name": text(),
    "family_name": text(),
    "email": text(),
    "mobile": text(),
    "landline": text(),
    "salutation": text(),
    "account_roles": required(TEXTS),
    "postal_address": one(POSTAL_ADDRESS),
}
_SHAPE: Final[Shape] = {
    **SUPPLY_POINT,
    "accounts": many(
        {
            "account_type": required(choice("DOMESTIC_THIRD_PARTY_BILLED", "BUSINESS_THIRD_PARTY_BILLED")),
            "customer_at_supply_address_from_date": required(DAY),
            "customers": required(many(_CUSTOMER)),
            "outage_contact": one({**CONTACT, **{name: one(PHONE) for name in _PHONES}}),
        }
    ),
}


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is a supply point with accounts."""
    return "supply_point" in payload and "accounts" in payload


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with a supply point: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=_SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later."""
    return missing_substation(payload)


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    yield from point_problems(payload)
    for index, account in objects(payload.get("accounts")):
        path = f"accounts.{index}."
        if not account["customers"]:
            yield Problem(f"{path}customers", "required", "This field is required.")
        for place, customer in objects(account["customers"]):
            here = f"{path}customers.{place}."
            yield from reached(customer, here)
            yield from address_problems(customer, here)
        contact, path = account.get("outage_contact") or {}, f"{path}outage_contact."
        yield from contact_problems(contact, path)
        for name in _PHONES:
            yield from phone(contact.get(name) or {}, "number", f"{path}{name}.")
