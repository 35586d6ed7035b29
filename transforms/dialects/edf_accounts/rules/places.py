"""Where an account is billed and supplied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import addresses
from transforms.rules.engine import Document, Fault, ObjectRule, Rule

_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"


def rules() -> tuple[Rule, ...]:
    """Where an account is billed and supplied."""
    return (
        addresses.postcode("billing_postcode", country="GB"),
        addresses.postcode(f"{_ADDRESSES}.supply_postcode", country="GB"),
        ObjectRule(
            code="duplicate_supply_addresses_found",
            path="",
            explanation="An account may have an address once.",
            faults=_addresses_twice,
            fields=("supply_addresses",),
        ),
        ObjectRule(
            code="duplicate_meter_points_on_different_supply_addresses_provided",
            path="",
            explanation="A meter point can stand at one address only.",
            faults=_meter_points_twice,
            fields=(f"{_POINTS}.identifier",),
        ),
    )


def _addresses_twice(account: Document) -> Iterator[Fault]:
    seen = set()
    for index, address in enumerate(account.get("supply_addresses") or ()):
        key = (address["supply_address1"], address.get("supply_address2"), address["supply_postcode"])
        if key in seen:
            yield Fault(f"supply_addresses.{index}")
        seen.add(key)


def _meter_points_twice(account: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for outer, address in enumerate(account.get("supply_addresses") or ()):
        here = set()
        for inner, point in enumerate(address["meter_points"]):
            if point["identifier"] in seen:
                yield Fault(f"supply_addresses.{outer}.meter_points.{inner}.identifier")
            here.add(point["identifier"])
        seen |= here
