"""What the revisions of supply points share: the point, postal addresses and outage contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.rules.common import Problem, email
from simulator.rules.shape import BOOLEAN, Shape, choice, one, required, text

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
    "postal_delivery_number_value": text(),
    "postal_delivery_type": text(),
}
POSTAL_ADDRESS: Final[Shape] = {
    "administrative_area": choice("NSW", "VIC", "QLD", "SA", "WA", "TAS", "ACT", "NT"),
    "country": text(),
    "delivery_point_identifier": text(),
    "dependent_locality": text(),
    "locality": text(),
    "postal_code": text(),
    "sorting_code": text(),
    "street_address": text(),
    "structured_street_address": one(_STREET),
}
PHONE: Final[Shape] = {"number": text(), "service_type": text(), "prefix": text()}
CONTACT: Final[Shape] = {
    "title": text(),
    "given_name": text(),
    "family_name": text(),
    "suffix": text(),
    "name_type": text(),
    "email_address": text(),
    "postal_address": one(POSTAL_ADDRESS),
}
SUPPLY_POINT: Final[Shape] = {
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
}


def point_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    """An identifier that is no NMI."""
    identifier = payload["supply_point"]["identifier"]
    if not _is_nmi(identifier):
        yield Problem(
            "supply_point.identifier",
            "invalid_supply_point_identifier",
            f"{identifier} is not a valid supply point identifier.",
        )


def contact_problems(contact: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """What is wrong with an outage contact, but for its telephones."""
    yield from email(contact, "email_address", path)
    yield from address_problems(contact, path)


def address_problems(holder: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """A postcode of another form, and a street address that misses what its parts need."""
    address = holder.get("postal_address") or {}
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


def missing_substation(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """What passes validation and fails later: a substation that the network no longer has."""
    substation = payload["supply_point"].get("substation") or ""
    if substation.startswith("999"):
        return "substation_not_found", f"Substation {substation} does not exist."
    return None


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
