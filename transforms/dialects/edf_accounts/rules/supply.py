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
    ObjectRule,
    Rule,
    ValueRule,
    inferred,
    stated,
)

_PORTFOLIO: Final = re.compile(r"P-[0-9A-Z]{8}", re.ASCII)
_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Supply points and their agreements."""
    return (*_of_account(given), *_of_points(given), *_of_agreements(given))


def _served(place: str, *rules: Rule) -> tuple[Rule, ...]:
    """Rules whose codes are those of the served document's validators."""
    return tuple(each for rule in rules for each in stated("served", place, rule.code, rule))


def _of_account(given: Circumstances) -> tuple[Rule, ...]:
    """What the supply points of an account must be together."""
    today = given.today
    return (
        *_served(
            "EnergyAccount",
            supply_points.some_supply(points=_POINTS, today=today),
            billed_to.billed_before_leaving(points=_POINTS, today=today),
        ),
        *_served("EnergyAccount.supply_addresses", supply_points.import_beside_export(points=_POINTS)),
        *_served("EnergyLegacySupplyAddress.meter_points", supply_points.points_once(_ADDRESSES)),
        *inferred(
            identifiers.unique_identifier(f"{_POINTS}.identifier", unless=(f"{_POINTS}.supply_end_date",))
        ),
    )


def _of_points(given: Circumstances) -> tuple[Rule, ...]:
    """What a supply point must be."""
    today = given.today
    return (
        *_served("ElectricityMeterPoint.identifier", _identifier()),
        *_served("ElectricityMeterPoint.et_in_progress", _no_change_of_supplier()),
        *_served("ElectricityMeterPoint.dr_in_progress", _no_dispute()),
        *inferred(_check_digits()),
        *_served(
            "EnergyAccount",
            supply_points.no_future_start(_POINTS, today=today),
            supply_points.final_reading(_POINTS, today=today),
            supply_points.has_active_meter(_POINTS, today=today),
        ),
        *_served("EnergyAccount.supply_addresses", supply_points.no_loss_in_progress(_POINTS, today=today)),
        *_served(
            "ElectricityMeterPoint",
            dates.ordered(_POINTS, start="supply_start_date", end="supply_end_date"),
            supply_points.serial_numbers_once(_POINTS),
        ),
        *_served(
            "EnergySmartRefusalInterest",
            supply_points.reason_only_for_refusal(f"{_POINTS}.smart_refusal_interest"),
        ),
    )


def _of_agreements(given: Circumstances) -> tuple[Rule, ...]:
    """What the agreements of a supply point must be."""
    today = given.today
    return (
        *_served(
            "ElectricityAgreement",
            dates.ordered(f"{_POINTS}.agreements", start="effective_from", end="effective_to"),
        ),
        *_served("AgreementIntermediaryDetails.portfolio_number", _portfolio_number()),
        *_served("ElectricityMeterPoint", supply_points.no_early_agreement(_POINTS)),
        *_served(
            "EnergyAccount",
            dates.consecutive_agreements(_POINTS, supply_start="supply_start_date"),
            supply_points.has_agreement(_POINTS, today=today),
            supply_points.no_agreement_off_supply(_POINTS, today=today),
            billed_to.covering_agreement(points=_POINTS, today=today),
        ),
    )


def _identifier() -> Rule:
    def faults(point: Document) -> Iterator[Fault]:
        is_valid = identifiers.is_mpan if supply_points.is_electricity(point) else identifiers.looks_like_mprn
        if not is_valid(point["identifier"]):
            yield Fault("identifier")

    return ObjectRule(
        code="invalid_supply_point_identifier",
        path=_POINTS,
        explanation="An MPAN has 13 digits, of which the last checks the others; an MPRN has six to ten.",
        faults=faults,
        fields=("identifier",),
        needs=("identifier", "supply_type"),
    )


def _check_digits() -> Rule:
    def faults(point: Document) -> Iterator[Fault]:
        mprn = point["identifier"]
        is_number = supply_points.is_gas(point) and identifiers.looks_like_mprn(mprn)
        if is_number and not identifiers.is_mprn(mprn):
            yield Fault("identifier")

    return ObjectRule(
        code="mprn_check_digits",
        path=_POINTS,
        explanation="The last two digits of the MPRN do not check the others: one of them may be wrong.",
        faults=faults,
        fields=("identifier",),
        needs=("identifier",),
    )


def _portfolio_number() -> Rule:
    return ValueRule(
        code="invalid_portfolio_number",
        path=f"{_POINTS}.agreements.intermediary.portfolio_number",
        explanation="The number of a portfolio is P- and eight capital letters or digits.",
        holds=lambda value: _PORTFOLIO.fullmatch(value) is not None,
    )


def _no_change_of_supplier() -> Rule:
    return ValueRule(
        code="erroneous_transfer_not_in_progress",
        path=f"{_POINTS}.et_in_progress",
        explanation="Nothing can be imported while an erroneous transfer is under way.",
        holds=lambda value: value is not True,
    )


def _no_dispute() -> Rule:
    return ValueRule(
        code="disputed_read_in_progress",
        path=f"{_POINTS}.dr_in_progress",
        explanation="Nothing can be imported while a reading is disputed.",
        holds=lambda value: value is not True,
    )
