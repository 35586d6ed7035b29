"""Supply points and their agreements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from transforms.rules import billed_to, dates, identifiers, supply_points
from transforms.rules.engine import (
    Circumstances,
    Document,
    Fault,
    Rule,
    ValueRule,
    inferred,
    object_rule,
    served,
)

_PORTFOLIO: Final = re.compile(r"P-[0-9A-Z]{8}", re.ASCII)
_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Supply points and their agreements."""
    return (*_of_account(given), *_of_points(given), *_of_agreements(given))


def _of_account(given: Circumstances) -> tuple[Rule, ...]:
    """What the supply points of an account must be together."""
    today = given.today
    return (
        *served(
            "EnergyAccount",
            supply_points.some_supply(points=_POINTS, today=today),
            billed_to.billed_before_leaving(points=_POINTS, today=today),
        ),
        *served("EnergyAccount.supply_addresses", supply_points.import_beside_export(points=_POINTS)),
        *served("EnergyLegacySupplyAddress.meter_points", supply_points.points_once(_ADDRESSES)),
        *inferred(
            identifiers.unique_identifier(f"{_POINTS}.identifier", unless=(f"{_POINTS}.supply_end_date",))
        ),
    )


def _of_points(given: Circumstances) -> tuple[Rule, ...]:
    """What a supply point must be."""
    today = given.today
    return (
        *served("ElectricityMeterPoint.identifier", _identifier),
        *served("ElectricityMeterPoint.et_in_progress", _NO_CHANGE_OF_SUPPLIER),
        *served("ElectricityMeterPoint.dr_in_progress", _NO_DISPUTE),
        *inferred(_check_digits),
        *served(
            "EnergyAccount",
            supply_points.no_future_start(_POINTS, today=today),
            supply_points.final_reading(_POINTS, today=today),
            supply_points.has_active_meter(_POINTS, today=today),
        ),
        *served("EnergyAccount.supply_addresses", supply_points.no_loss_in_progress(_POINTS, today=today)),
        *served(
            "ElectricityMeterPoint",
            dates.ordered(_POINTS, start="supply_start_date", end="supply_end_date"),
            supply_points.serial_numbers_once(_POINTS),
        ),
        *served(
            "EnergySmartRefusalInterest",
            supply_points.reason_only_for_refusal(f"{_POINTS}.smart_refusal_interest"),
        ),
    )


def _of_agreements(given: Circumstances) -> tuple[Rule, ...]:
    """What the agreements of a supply point must be."""
    today = given.today
    return (
        *served(
            "ElectricityAgreement",
            dates.ordered(f"{_POINTS}.agreements", start="effective_from", end="effective_to"),
        ),
        *served("AgreementIntermediaryDetails.portfolio_number", _PORTFOLIO_NUMBER),
        *served("ElectricityMeterPoint", supply_points.no_early_agreement(_POINTS)),
        *served(
            "EnergyAccount",
            dates.consecutive_agreements(_POINTS, supply_start="supply_start_date"),
            supply_points.has_agreement(_POINTS, today=today),
            supply_points.no_agreement_off_supply(_POINTS, today=today),
            billed_to.covering_agreement(points=_POINTS, today=today),
        ),
    )


@object_rule(
    "invalid_supply_point_identifier",
    "An MPAN has 13 digits, of which the last checks the others; an MPRN has six to ten.",
    path=_POINTS,
    fields=("identifier",),
    needs=("identifier", "supply_type"),
)
def _identifier(point: Document) -> Iterator[Fault]:
    is_valid = identifiers.is_mpan if supply_points.is_electricity(point) else identifiers.looks_like_mprn
    if not is_valid(point["identifier"]):
        yield Fault("identifier")


@object_rule(
    "mprn_check_digits",
    "The last two digits of the MPRN do not check the others: one of them may be wrong.",
    path=_POINTS,
    fields=("identifier",),
    needs=("identifier",),
)
def _check_digits(point: Document) -> Iterator[Fault]:
    mprn = point["identifier"]
    is_number = supply_points.is_gas(point) and identifiers.looks_like_mprn(mprn)
    if is_number and not identifiers.is_mprn(mprn):
        yield Fault("identifier")


_PORTFOLIO_NUMBER: Final = ValueRule(
    code="invalid_portfolio_number",
    path=f"{_POINTS}.agreements.intermediary.portfolio_number",
    explanation="The number of a portfolio is P- and eight capital letters or digits.",
    holds=lambda value: _PORTFOLIO.fullmatch(value) is not None,
)
_NO_CHANGE_OF_SUPPLIER: Final = ValueRule(
    code="erroneous_transfer_not_in_progress",
    path=f"{_POINTS}.et_in_progress",
    explanation="Nothing can be imported while an erroneous transfer is under way.",
    holds=lambda value: value is not True,
)
_NO_DISPUTE: Final = ValueRule(
    code="disputed_read_in_progress",
    path=f"{_POINTS}.dr_in_progress",
    explanation="Nothing can be imported while a reading is disputed.",
    holds=lambda value: value is not True,
)
