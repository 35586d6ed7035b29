"""Rules for Portuguese accounts. README.md lists them with their codes and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.rules.common import Problem, agreements, objects, obsolete_tariff, reached
from simulator.rules.shape import DAY, Shape, choice, many, misshapen, one, required, text

RESOURCE: Final = "accounts"

_CPE: Final = re.compile(r"PT([0-9]{16})([A-Z]{2})")
_CPE_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIF: Final = re.compile(r"[1-9][0-9]{8}")
_POSTCODE: Final = re.compile(r"[0-9]{4}-[0-9]{3}")

_NAME: Final = required(text(blank=False))

_CUSTOMER: Final[Shape] = {
    "user_details": many({"namespace": _NAME, "value": _NAME}),
    "given_name": text(),
    "family_name": text(),
    "email": text(),
    "mobile": text(),
    "landline": text(),
}
_SUPPLY_POINT: Final[Shape] = {
    "identifier": _NAME,
    "supply_type": required(choice("ELECTRICITY", "GAS")),
    "agreements": many({"tariff_code": _NAME, "effective_from": required(DAY), "effective_to": DAY}),
}
_ADDRESS: Final[Shape] = {
    "locality": _NAME,
    "postal_code": _NAME,
    "country": choice("PT"),
    "structured_street_address": one(
        {
            "street_type": choice("AV", "BC", "CC", "EST", "LG", "PC", "PÇ", "R", "TV", "URB"),
            "street_name": text(),
            "street_number": text(),
            "floor": text(),
            "door": text(),
            "direction": text(),
        }
    ),
}
_SHAPE: Final[Shape] = {
    "import_supplier": _NAME,
    "external_account_number": required(text(longest=128, blank=False)),
    "account_type": choice("DOMESTIC", "BUSINESS"),
    "operations_team_name": text(blank=False),
    "customers": required(many(_CUSTOMER)),
    "supply_addresses": required(
        many(
            {
                "supply_points": required(many(_SUPPLY_POINT)),
                "customer_at_supply_address_from_date": required(DAY),
                "supply_address": required(one(_ADDRESS)),
            }
        )
    ),
}


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is such an account: a team looks after it, or its points are in a street in parts."""
    addresses = [address for _, address in objects(payload.get("supply_addresses"))]
    has_points = any("supply_points" in address for address in addresses)
    return has_points and ("operations_team_name" in payload or any(map(_has_street_in_parts, addresses)))


def _has_street_in_parts(address: Mapping[str, Any]) -> bool:
    place = address.get("supply_address")
    return isinstance(place, dict) and "structured_street_address" in place


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with an account: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=_SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later: a tariff that Kraken no longer has."""
    return obsolete_tariff(payload, points="supply_points")


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    if not payload["customers"]:
        yield Problem("customers", "required", "This field is required.")
    for index, customer in objects(payload["customers"]):
        path = f"customers.{index}."
        yield from reached(customer, path)
        for place, detail in objects(customer.get("user_details")):
            if detail["namespace"] == "fiscal_code" and not _is_nif(detail["value"]):
                yield Problem(
                    f"{path}user_details.{place}.value",
                    "invalid_fiscal_code",
                    f"{detail['value']} is not a valid fiscal code",
                )
    for index, address in objects(payload["supply_addresses"]):
        yield from _address(address, f"supply_addresses.{index}.")


def _address(address: Mapping[str, Any], path: str) -> Iterator[Problem]:
    postcode = address["supply_address"]["postal_code"]
    if not _POSTCODE.fullmatch(postcode):
        yield Problem(
            f"{path}supply_address.postal_code", "invalid_postcode", f"{postcode} is not a valid postcode"
        )
    for index, point in objects(address["supply_points"]):
        here = f"{path}supply_points.{index}."
        identifier = point["identifier"]
        if not _is_cpe(identifier):
            yield Problem(
                f"{here}identifier",
                "invalid_supply_point_identifier",
                f"{identifier} is not a valid CPE or CUI",
            )
        yield from agreements(point.get("agreements"), f"{here}agreements.", supply_start=None)


def _is_cpe(value: str) -> bool:
    parts = _CPE.fullmatch(value)
    if parts is None:
        return False
    rest = int(parts[1]) % 529
    return parts[2] == _CPE_LETTERS[rest // 23] + _CPE_LETTERS[rest % 23]


def _is_nif(value: str) -> bool:
    if not _NIF.fullmatch(value):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(value, range(9, 1, -1), strict=False))
    return -total % 11 % 10 == int(value[8])
