"""Rules for supply points of a distribution network. README.md lists them with their codes and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from simulator.rules.common import Problem, choice, email, objects, phone, required

_NMI: Final = re.compile(r"[0-9A-Z]{10}[0-9]?")
_POSTCODE: Final = re.compile(r"[0-9]{4}")
_STATES: Final = ("NSW", "VIC", "QLD", "SA", "WA", "TAS", "ACT", "NT")


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is a supply point."""
    return "supply_point" in payload


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with a supply point."""
    yield from required(payload, ("import_supplier", "supply_point"))
    point = payload.get("supply_point")
    if isinstance(point, dict):
        identifier = point.get("identifier")
        if not _is_nmi(identifier):
            yield Problem(
                "supply_point.identifier",
                "invalid_supply_point_identifier",
                f"{identifier} is not a valid supply point identifier.",
            )
        yield from choice(point, "supply_type", ("ELECTRICITY_DISTRIBUTION",), "supply_point.")
    for index, notification in objects(payload.get("cdns")):
        path = f"cdns.{index}."
        yield from required(notification, ("transaction_date", "movement_type", "outage_contact"), path)
        yield from _moment(notification, "transaction_date", path)
        contact = notification.get("outage_contact")
        if isinstance(contact, dict):
            yield from _contact(contact, f"{path}outage_contact.")


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later: a substation that the network no longer has."""
    point = payload.get("supply_point")
    if isinstance(point, dict) and str(point.get("substation")).startswith("999"):
        return "substation_not_found", f"Substation {point['substation']} does not exist."
    return None


def _contact(contact: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from email(contact, "email_address", path)
    for index, telephone in objects(contact.get("phones")):
        yield from phone(telephone, "number", f"{path}phones.{index}.")
    address = contact.get("postal_address")
    if not isinstance(address, dict):
        return
    path += "postal_address."
    yield from choice(address, "administrative_area", _STATES, path)
    postcode = address.get("postal_code")
    if postcode and not (isinstance(postcode, str) and _POSTCODE.fullmatch(postcode)):
        yield Problem(f"{path}postal_code", "invalid_postcode", f"{postcode} is not a valid postal code.")
    street = address.get("structured_street_address")
    if isinstance(street, dict):
        path += "structured_street_address."
        if street.get("house_number_1") and not street.get("street_name"):
            yield Problem(f"{path}street_name", "street_name_required", "A house number needs a street name.")
        if street.get("flat_or_unit_number") and not street.get("flat_or_unit_type"):
            yield Problem(
                f"{path}flat_or_unit_type", "unit_type_required", "A unit number needs a unit type."
            )


def _moment(holder: Mapping[str, Any], name: str, path: str) -> Iterator[Problem]:
    value = holder.get(name)
    try:
        fine = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        fine = False
    if value is not None and not fine:
        yield Problem(f"{path}{name}", "invalid", "Datetime has wrong format.")


def _is_nmi(value: Any) -> bool:
    if not isinstance(value, str) or not _NMI.fullmatch(value):
        return False
    return len(value) == 10 or int(value[10]) == _nmi_check_digit(value[:10])


def _nmi_check_digit(value: str) -> int:
    """AEMO's procedure: from the right, every other character's ASCII value is doubled."""
    total = 0
    for place, character in enumerate(reversed(value)):
        doubled = ord(character) * (2 if place % 2 == 0 else 1)
        total += sum(int(digit) for digit in str(doubled))
    return -total % 10
