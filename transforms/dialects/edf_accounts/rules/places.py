"""Where an account is billed and supplied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from transforms.rules import addresses
from transforms.rules.engine import Document, Fault, Rule, inferred, object_rule, served

_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"
_LINES: Final = (*(f"billing_address{line}" for line in range(1, 6)), "billing_postcode")


def rules() -> tuple[Rule, ...]:
    """Where an account is billed and supplied."""
    return (*_billing_rules(), *_supply_rules())


def _billing_rules() -> tuple[Rule, ...]:
    return (
        # Which country's form it must have is said of neither.
        *inferred(
            addresses.postcode("billing_postcode", country="GB"),
            addresses.postcode_fits_country("billing_address"),
        ),
        *served("EnergyAccount.billing_address1", _unaddressed),
        *served("EnergyAccount.billing_address", _addressed_twice),
    )


def _supply_rules() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyLegacySupplyAddress.supply_postcode",
            addresses.postcode(f"{_ADDRESSES}.supply_postcode", country="GB"),
        ),
        *served(
            "EnergyAccount.supply_addresses",
            _addresses_twice,
            _meter_points_twice,
            _occupier_of_several,
            _unsupplied("PORTFOLIO_LEAD", "portfolio_lead_has_a_supply_address"),
            _unsupplied("SYSTEM", "system_account_has_a_supply_address"),
        ),
    )


def _unsupplied(kind: str, code: str) -> Rule:
    """Accounts of a kind that has no property."""

    @object_rule(code, f"An account of type {kind} has no property.", fields=("supply_addresses",))
    def rule(account: Document) -> Iterator[Fault]:
        if account.get("account_type") == kind and account.get("supply_addresses"):
            yield Fault("supply_addresses")

    return rule


@object_rule(
    "billing_address_not_provided",
    "An account needs an address for its bills, unless its occupier is unknown.",
    fields=("billing_address1", "billing_postcode"),
)
def _unaddressed(account: Document) -> Iterator[Fault]:
    kind = str(account.get("account_type") or "")
    if account.get("billing_address") or account.get("unknown_occupier") or kind.endswith("_OCCUPIER"):
        return
    for name in ("billing_address1", "billing_postcode"):
        if not account.get(name):
            yield Fault(name)


@object_rule(
    "billing_address_new_style_and_legacy",
    "An address for bills is sent in lines or as one object, and not as both.",
    fields=("billing_address",),
)
def _addressed_twice(account: Document) -> Iterator[Fault]:
    if account.get("billing_address") and any(account.get(name) for name in _LINES):
        yield Fault("billing_address")


@object_rule(
    "occupier_account_with_multiple_supply_addresses",
    "An account of an unknown occupier has one property.",
    fields=("supply_addresses",),
)
def _occupier_of_several(account: Document) -> Iterator[Fault]:
    if account.get("unknown_occupier") and len(account.get("supply_addresses") or ()) > 1:
        yield Fault("supply_addresses")


@object_rule(
    "duplicate_supply_addresses_found", "An account may have an address once.", fields=("supply_addresses",)
)
def _addresses_twice(account: Document) -> Iterator[Fault]:
    seen = set()
    for index, address in enumerate(account.get("supply_addresses") or ()):
        key = _address(address)
        if key in seen:
            yield Fault(f"supply_addresses.{index}")
        seen.add(key)


def _address(address: Mapping[str, str]) -> tuple[str, ...]:
    # A line that is left out is as empty as a blank one.
    return tuple(
        address.get(name) or "" for name in ("supply_address1", "supply_address2", "supply_postcode")
    )


@object_rule(
    "duplicate_meter_points_on_different_supply_addresses_provided",
    "A meter point can be at one address only.",
    fields=(f"{_POINTS}.identifier",),
)
def _meter_points_twice(account: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for outer, address in enumerate(account.get("supply_addresses") or ()):
        here = set()
        for inner, point in enumerate(address.get("meter_points") or ()):
            identifier = point.get("identifier")
            if identifier in seen:
                yield Fault(f"supply_addresses.{outer}.meter_points.{inner}.identifier")
            if identifier:
                here.add(identifier)
        seen |= here
