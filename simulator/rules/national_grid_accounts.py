"""Rules for US accounts. README.md lists them with their codes and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from simulator.rules.common import (
    Problem,
    added_up,
    agreements,
    amount,
    as_day,
    objects,
    obsolete_tariff,
    phone,
    reached,
)
from simulator.rules.national_grid_accounts_shape import SHAPE
from simulator.rules.shape import misshapen

RESOURCE: Final = "accounts"

_ZIP: Final = re.compile(r"[0-9]{5}(-[0-9]{4})?")
_UNKNOWN_ZONE: Final = "GONE"
_CENT: Final = Decimal("0.01")


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is such an account: it has a billing address in one piece, or its addresses supply points.

    Accounts of other markets have supply points too, but say of which type they are and who looks after
    them, or give the street in parts.
    """
    if "account_type" in payload or "operations_team_name" in payload:
        return False
    addresses = [address for _, address in objects(payload.get("supply_addresses"))]
    if any("meter_points" in address or _has_street_in_parts(address) for address in addresses):
        return False
    return "billing_address" in payload or any("supply_points" in address for address in addresses)


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with an account: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later: a tariff that Kraken no longer has."""
    return obsolete_tariff(payload, points="supply_points")


def _has_street_in_parts(address: Mapping[str, Any]) -> bool:
    supplied = address.get("supply_address")
    return isinstance(supplied, dict) and "structured_street_address" in supplied


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _zip(payload["billing_address"], "billing_address.")
    if not payload["customers"]:
        yield Problem("customers", "required", "This field is required.")
    for index, customer in objects(payload.get("customers")):
        path = f"customers.{index}."
        yield from reached(customer, path)
        for place, other in objects(customer.get("alternative_phone_numbers")):
            yield from phone(other, "phone_number", f"{path}alternative_phone_numbers.{place}.")
    for index, ledger in objects(payload.get("ledgers")):
        yield from _ledger(ledger, f"ledgers.{index}.")
    for index, address in objects(payload.get("supply_addresses")):
        path = f"supply_addresses.{index}."
        yield from _zip(address["supply_address"], f"{path}supply_address.")
        for place, point in objects(address.get("supply_points")):
            yield from _supply_point(point, f"{path}supply_points.{place}.")


def _supply_point(point: Mapping[str, Any], path: str) -> Iterator[Problem]:
    start, billed_to = as_day(point["supply_start_date"]), as_day(point.get("last_billed_to_date"))
    if start and billed_to and billed_to < start:
        yield Problem(
            f"{path}last_billed_to_date",
            "start_date_later_than_end_date",
            "last_billed_to_date is earlier than supply_start_date.",
        )
    yield from agreements(point.get("agreements"), f"{path}agreements.", supply_start=start)
    zone = (point.get("supply_details") or {}).get("standard_point_location_code")
    if zone == _UNKNOWN_ZONE:
        yield Problem(
            f"{path}supply_details.standard_point_location_code",
            "standard_point_location_not_found",
            f"Standard point location {zone} does not exist.",
        )


def _ledger(ledger: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Everything that was ever booked leads to the balance; bills lie before the last statement's close."""
    closed = ledger.get("last_statement_closing_date") or ""
    total = added_up(ledger.get("additional_historical_transactions"))
    total += added_up(ledger.get("current_statement_transactions"))
    for index, document in objects(ledger.get("historical_billing_documents")):
        total += added_up(document.get("transactions"))
        here = f"{path}historical_billing_documents.{index}.transactions"
        yield from _no_later_than(document["transactions"], closed, here)
    here = f"{path}additional_historical_transactions"
    yield from _no_later_than(ledger.get("additional_historical_transactions"), closed, here)
    for index, each in objects(ledger.get("current_statement_transactions")):
        if each["transaction_date"] <= closed:
            yield Problem(
                f"{path}current_statement_transactions.{index}.transaction_date",
                "current_statement_transaction_before_current_statement_opening_date",
                f"The last statement closed on {closed}.",
            )
    if (ledger.get("last_statement_issue_date") or closed) < closed:
        yield Problem(
            f"{path}last_statement_issue_date",
            "last_statement_issued_before_closing_date",
            f"The last statement closed on {closed}.",
        )
    if abs(total - amount(ledger["ledger_balance"])) >= _CENT:
        yield Problem(
            f"{path}ledger_balance",
            "ledger_balance_mismatch",
            "The transactions do not add up to the ledger's balance.",
        )


def _no_later_than(transactions: Any, closed: str, path: str) -> Iterator[Problem]:
    for index, each in objects(transactions):
        # Dates in the form YYYY-MM-DD sort as texts.
        if closed and each["transaction_date"] > closed:
            yield Problem(
                f"{path}.{index}.transaction_date",
                "historical_statement_transaction_after_last_statement_closing_date",
                f"The last statement closed on {closed}.",
            )


def _zip(address: Mapping[str, Any], path: str) -> Iterator[Problem]:
    value = address["postal_code"]
    if address["country"] == "US" and not _ZIP.fullmatch(value):
        yield Problem(f"{path}postal_code", "invalid_postcode", f"{value} is not a valid ZIP code")
