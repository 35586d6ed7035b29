"""Rules for GB accounts. README.md lists them with their codes and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from simulator.rules import edf_accounts_dates
from simulator.rules.common import (
    Problem,
    added_up,
    agreements,
    amount,
    as_day,
    objects,
    obsolete_tariff,
    reached,
)
from simulator.rules.edf_accounts_shape import SHAPE
from simulator.rules.shape import misshapen

RESOURCE: Final = "accounts"

_MPAN_WEIGHTS: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_POSTCODE: Final = re.compile(r"(?i)[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}")
_UNKNOWN_PARTICIPANT: Final = "GONE"
_CENT: Final = Decimal("0.01")


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is such an account: its addresses have meter points."""
    return any("meter_points" in address for _, address in objects(payload.get("supply_addresses")))


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with an account: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _postcode(payload, "billing_postcode")
    if payload.get("unknown_occupier"):
        if payload.get("customers"):
            yield Problem(
                "customers", "customer_with_unknown_occupier", "An unknown occupier is no customer."
            )
    elif not payload.get("customers"):
        yield Problem("customers", "required", "This field is required.")
    for index, customer in objects(payload.get("customers")):
        yield from reached(customer, f"customers.{index}.")
    for index, address in objects(payload.get("supply_addresses")):
        yield from _address(address, f"supply_addresses.{index}.")
    yield from edf_accounts_dates.problems(payload)
    yield from _money(payload)


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later: a tariff that Kraken no longer has."""
    return obsolete_tariff(payload, points="meter_points")


def _address(address: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from _postcode(address, "supply_postcode", path)
    for index, administrator in objects(address.get("property_administrators")):
        yield from reached(administrator, f"{path}property_administrators.{index}.")
    for index, point in objects(address.get("meter_points")):
        yield from _meter_point(point, f"{path}meter_points.{index}.")


def _meter_point(point: Mapping[str, Any], path: str) -> Iterator[Problem]:
    is_gas = point.get("supply_type") == "GAS"
    identifier = point.get("identifier")
    if point.get("mpid") == _UNKNOWN_PARTICIPANT:
        yield Problem(
            f"{path}mpid",
            "market_participant_not_found",
            f"Market participant {point['mpid']} does not exist.",
        )
    if is_gas and not point.get("shipper_mpid"):
        yield Problem(f"{path}shipper_mpid", "required", "This field is required.")
    if is_gas and not _is_mprn(identifier):
        yield Problem(
            f"{path}identifier", "invalid_supply_point_identifier", f"{identifier} is not a valid MPRN"
        )
    elif not is_gas and not _is_mpan(identifier):
        yield Problem(
            f"{path}identifier", "invalid_supply_point_identifier", f"{identifier} is not a valid MPAN"
        )
    if point.get("et_in_progress"):
        yield Problem(
            f"{path}et_in_progress",
            "erroneous_transfer_not_in_progress",
            "An erroneous transfer is in progress.",
        )
    if point.get("dr_in_progress"):
        yield Problem(
            f"{path}dr_in_progress", "disputed_read_in_progress", "A disputed reading is in progress."
        )
    yield from agreements(
        point.get("agreements"), f"{path}agreements.", supply_start=as_day(point.get("supply_start_date"))
    )
    seen = set()
    for index, estimate in objects(point.get("eac_history")):
        key = estimate.get("tpr"), estimate.get("effective_from")
        if key in seen:
            yield Problem(f"{path}eac_history.{index}", "repeated_eac_for_tpr", "There is an EAC twice.")
        seen.add(key)
    for index, meter in objects(point.get("meters")):
        yield from _meter(meter, f"{path}meters.{index}.", is_gas=is_gas)


def _meter(meter: Mapping[str, Any], path: str, *, is_gas: bool) -> Iterator[Problem]:
    if meter.get("prepay_details") and not meter.get("is_prepay"):
        yield Problem(
            f"{path}prepay_details", "prepay_details_on_non_prepay_meter", "The meter is not prepay."
        )
    registers = {register.get("register_id") for _, register in objects(meter.get("registers"))}
    for kind, unknown_register in (
        ("transfer_readings", "reading_register_id_not_recognised"),
        ("reading_history", "historical_reading_register_id_not_recognised"),
    ):
        for index, reading in objects(meter.get(kind)):
            here = f"{path}{kind}.{index}."
            if amount(reading.get("reading_value")) < 0:
                yield Problem(f"{here}reading_value", "min_value", "A reading cannot be negative.")
            if not is_gas and reading.get("register_id") not in registers:
                yield Problem(f"{here}register_id", unknown_register, "The meter has no such register.")


def _money(payload: Mapping[str, Any]) -> Iterator[Problem]:
    total = Decimal(0)
    ledgers = list(objects(payload.get("ledgers")))
    for index, ledger in ledgers:
        path = f"ledgers.{index}."
        total += amount(ledger.get("ledger_balance"))
        last = amount(ledger.get("last_statement_balance"))
        if abs(added_up(ledger.get("historical_statement_transactions")) - last) >= _CENT:
            yield Problem(
                f"{path}historical_statement_transactions",
                "historical_statement_transactions_balance_mismatch",
                "The historical transactions do not add up to the last statement's balance.",
            )
        current = last + added_up(ledger.get("current_statement_transactions"))
        if abs(current - amount(ledger.get("ledger_balance"))) >= _CENT:
            yield Problem(
                f"{path}ledger_balance",
                "balance_mismatch_on_transfer_balance",
                "The current transactions do not lead to the ledger's balance.",
            )
    if ledgers and abs(total - amount(payload.get("transfer_balance"))) >= _CENT:
        yield Problem(
            "transfer_balance",
            "ledger_balances_not_equal_to_transfer_balance",
            "The ledgers do not add up to the balance.",
        )


def _postcode(holder: Mapping[str, Any], name: str, path: str = "") -> Iterator[Problem]:
    value = holder.get(name)
    if value and not (isinstance(value, str) and _POSTCODE.fullmatch(value)):
        yield Problem(f"{path}{name}", "invalid_postcode", f"{value} is not a valid postcode")


def _is_mpan(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 13 or not _is_number(value):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_MPAN_WEIGHTS, value, strict=False))
    return total % 11 % 10 == int(value[12])


def _is_mprn(value: Any) -> bool:
    if not isinstance(value, str) or not 6 <= len(value) <= 10 or not _is_number(value):
        return False
    body, check = value[:-2], int(value[-2:])
    return sum(int(digit) * (len(body) - place) for place, digit in enumerate(body)) % 11 == check


def _is_number(value: str) -> bool:
    # Other scripts have digits too, and Python reads them as well.
    return value.isascii() and value.isdigit()
