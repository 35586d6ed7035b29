"""Supply points and their agreements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import dates, identifiers
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule, ValueRule

_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Supply points and their agreements."""
    return (
        ObjectRule(
            code="invalid_supply_point_identifier",
            path=_POINTS,
            explanation="The check digits of the MPAN or MPRN must be right.",
            faults=_identifier,
            fields=("identifier",),
        ),
        identifiers.unique_identifier(f"{_POINTS}.identifier"),
        ValueRule(
            code="erroneous_transfer_not_in_progress",
            path=f"{_POINTS}.et_in_progress",
            explanation="Nothing can be imported while an erroneous transfer is under way.",
            holds=lambda value: value is not True,
        ),
        ValueRule(
            code="disputed_read_in_progress",
            path=f"{_POINTS}.dr_in_progress",
            explanation="Nothing can be imported while a reading is disputed.",
            holds=lambda value: value is not True,
        ),
        dates.not_in_future(
            f"{_POINTS}.supply_start_date", today=given.today, code="future_supply_start_date"
        ),
        *dates.agreement_rules(_POINTS, supply_start="supply_start_date"),
        ObjectRule(
            code="agreement_start_date_before_supply_start_date",
            path=_POINTS,
            explanation="An agreement must not begin before the supply that it is for.",
            faults=_early_agreements,
            fields=("agreements.effective_from",),
        ),
        ObjectRule(
            code="meter_point_with_no_agreement",
            path=_POINTS,
            explanation="A meter point needs an agreement.",
            faults=_no_agreements,
            fields=("agreements",),
        ),
        ObjectRule(
            code="no_agreement_covering_last_billed_to_date",
            path="",
            explanation="An agreement must hold on the day to which the account is billed.",
            faults=_uncovered,
            fields=(f"{_POINTS}.agreements",),
        ),
    )


def _identifier(point: Document) -> Iterator[Fault]:
    is_valid = identifiers.is_mpan if point["supply_type"] == "ELECTRICITY" else identifiers.is_mprn
    if not is_valid(point["identifier"]):
        yield Fault("identifier")


def _early_agreements(point: Document) -> Iterator[Fault]:
    # Agreements that ended before the supply belong to an earlier one.
    start = point["supply_start_date"]
    for index, agreement in enumerate(point.get("agreements") or ()):
        if agreement["effective_from"] < start < (agreement.get("effective_to") or "9999"):
            yield Fault(f"agreements.{index}.effective_from")


def _uncovered(account: Document) -> Iterator[Fault]:
    day = account.get("last_billed_to_date")
    if not day:
        return
    for outer, address in enumerate(account.get("supply_addresses") or ()):
        for inner, point in enumerate(address["meter_points"]):
            agreements = point.get("agreements")
            if agreements and not any(
                agreement["effective_from"] <= day < (agreement.get("effective_to") or "9999")
                for agreement in agreements
            ):
                yield Fault(f"supply_addresses.{outer}.meter_points.{inner}.agreements")


def _no_agreements(point: Document) -> Iterator[Fault]:
    if not point.get("agreements"):
        yield Fault("agreements")
