"""Rules for supply points of a distribution network. README.md lists them with their codes and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from simulator.rules.common import Problem, email, objects, phone
from simulator.rules.shape import BOOLEAN, MOMENT, Shape, choice, many, misshapen, one, required, text

RESOURCE: Final = "supply-points"

# The letters I and O are left out, since they look like digits.
_NMI: Final = re.compile(r"[0-9A-HJ-NP-Z]{10}[0-9]?")
_POSTCODE: Final = re.compile(r"[0-9]{4}")
_DELIVERY_POINT: Final = re.compile(r"[A-Z0-9]+")

_STREET: Final[Shape] = {
    "house_number_1": text(),
    "building_or_property_name": text(),
    "flat_or_unit_number": text(),
    "flat_or_unit_type": text(),
    "street_name": text(),
    "street_type": text(),
}
_POSTAL_ADDRESS: Final[Shape] = {
    "administrative_area": choice("NSW", "VIC", "QLD", "SA", "WA", "TAS", "ACT", "NT"),
    "country": text(),
    "locality": text(),
    "postal_code": text(),
    "delivery_point_identifier": text(),
    "structured_street_address": one(_STREET),
}
_CONTACT: Final[Shape] = {
    "title": text(),
    "given_name": text(),
    "family_name": text(),
    "suffix": text(),
    "name_type": text(),
    "phones": many({"number": text(), "service_type": text(), "prefix": text()}),
    "email_address": text(),
    "postal_address": one(_POSTAL_ADDRESS),
}
_SHAPE: Final[Shape] = {
    "import_supplier": required(text(blank=False)),
    "supply_point": required(
        one(
            {
                "identifier": required(text()),
                "supply_type": choice("ELECTRICITY_DISTRIBUTION"),
                "substation": text(),
                "critical_load": BOOLEAN,
            }
        )
    ),
    "cdns": many(
        {
            "transaction_date": required(MOMENT),
            "movement_type": required(text(blank=False)),
            "outage_contact": required(one(_CONTACT)),
        }
    ),
}


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is a supply point."""
    return "supply_point" in payload


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with a supply point: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=_SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    identifier = payload["supply_point"]["identifier"]
    if not _is_nmi(identifier):
        yield Problem(
            "supply_point.identifier",
            "invalid_supply_point_identifier",
            f"{identifier} is not a valid supply point identifier.",
        )
    for index, notification in objects(payload.get("cdns")):
        path = f"cdns.{index}."
        if datetime.fromisoformat(notification["transaction_date"]).tzinfo is None:
            yield Problem(f"{path}transaction_date", "invalid", "Datetime has wrong format.")
        yield from _contact(notification["outage_contact"], f"{path}outage_contact.")


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later: a substation that the network no longer has."""
    substation = payload["supply_point"].get("substation") or ""
    if substation.startswith("999"):
        return "substation_not_found", f"Substation {substation} does not exist."
    return None


def _contact(contact: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from email(contact, "email_address", path)
    for index, telephone in objects(contact.get("phones")):
        yield from phone(telephone, "number", f"{path}phones.{index}.")
    address = contact.get("postal_address") or {}
    path += "postal_address."
    postcode = address.get("postal_code")
    if postcode and not _POSTCODE.fullmatch(postcode):
        yield Problem(f"{path}postal_code", "invalid_postcode", f"{postcode} is not a valid postal code.")
    delivery_point = address.get("delivery_point_identifier")
    if delivery_point and not _DELIVERY_POINT.fullmatch(delivery_point):
        yield Problem(
            f"{path}delivery_point_identifier",
            "invalid_delivery_point_identifier",
            f"{delivery_point} is not a valid delivery point identifier.",
        )
    street = address.get("structured_street_address") or {}
    path += "structured_street_address."
    if street.get("house_number_1") and not street.get("street_name"):
        yield Problem(f"{path}street_name", "street_name_required", "A house number needs a street name.")
    if street.get("flat_or_unit_number") and not street.get("flat_or_unit_type"):
        yield Problem(f"{path}flat_or_unit_type", "unit_type_required", "A unit number needs a unit type.")


def _is_nmi(value: str) -> bool:
    if not _NMI.fullmatch(value):
        return False
    return len(value) == 10 or int(value[10]) == _nmi_check_digit(value[:10])


def _nmi_check_digit(value: str) -> int:
    """AEMO's procedure: from the right, every other character's ASCII value is doubled."""
    total = 0
    for place, character in enumerate(reversed(value)):
        doubled = ord(character) * (2 if place % 2 == 0 else 1)
        total += sum(int(digit) for digit in str(doubled))
    return -total % 10
