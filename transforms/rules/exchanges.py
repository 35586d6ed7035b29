"""Meters that were removed: before the day to which they are billed, or since."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.rules.billed_to import Billed, each_billed, place_of_meter
from transforms.rules.engine import Document, Fault, ObjectRule, Rule
from transforms.rules.supply_points import Point, each_point, is_gas


def read_when_removed(*, points: str) -> Rule:
    """A meter that was removed after the last bill was read on that day."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _exchanged(account, points=points):
            days = {
                reading["reading_date"]
                for name in ("reading_history", "transfer_readings")
                for reading in billed.meter.get(name) or ()
            }
            if billed.meter["removed_on"] not in days:
                yield Fault(f"{place_of_meter(each, billed, points=points)}.removed_on")

    return ObjectRule(
        code="no_reading_on_removed_on",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A meter that was removed after the last bill needs a reading of that day.",
        faults=faults,
        fields=(f"{points}.meters.removed_on",),
    )


def transfer_reading_given(*, points: str) -> Rule:
    """A meter that was removed after the last bill has transfer readings."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _exchanged(account, points=points):
            if not billed.meter.get("transfer_readings"):
                yield Fault(f"{place_of_meter(each, billed, points=points)}.transfer_readings")

    return ObjectRule(
        code="no_transfer_reading_on_exchanged_meter",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A meter that was removed after the last bill needs transfer readings.",
        faults=faults,
        fields=(f"{points}.meters.transfer_readings",),
    )


def day_given(*, points: str) -> Rule:
    """A meter that was removed after the last bill says to which day it is billed."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _exchanged(account, points=points):
            if not billed.has_own:
                yield Fault(place_of_meter(each, billed, points=points))

    return ObjectRule(
        code="no_last_billed_to_date_on_exchanged_meter",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A meter that was removed after the last bill must say to which day it is billed.",
        faults=faults,
        fields=(f"{points}.meters",),
    )


def replacement_not_billed(*, points: str) -> Rule:
    """The meter that replaces one before that is fully billed has not been billed."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, old in _exchanged(account, points=points):
            removed = old.meter["removed_on"]
            for billed in each_billed(account, each.point):
                installed = billed.meter.get("installed_on")
                if billed.number != old.number and installed and installed >= removed and billed.has_own:
                    yield Fault(place_of_meter(each, billed, points=points))

    return ObjectRule(
        code="last_billed_to_date_on_new_meter",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A meter that replaced another after the last bill cannot be billed to a day of its own.",
        faults=faults,
        fields=(f"{points}.meters",),
    )


def no_transfer_reading_when_billed(*, points: str) -> Rule:
    """A gas meter that was removed, and is billed to its end, has no transfer reading."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _billed_to_the_end(account, points=points):
            if is_gas(each.point) and billed.meter.get("transfer_readings"):
                yield Fault(f"{place_of_meter(each, billed, points=points)}.transfer_readings")

    return ObjectRule(
        code="reading_meter_fully_billed",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A gas meter that was removed before the last bill cannot have a transfer reading.",
        faults=faults,
        fields=(f"{points}.meters.transfer_readings",),
    )


def no_prepay_details_when_billed(*, points: str) -> Rule:
    """A meter that was removed, and is billed to its end, has no prepay details."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _billed_to_the_end(account, points=points):
            if billed.meter.get("prepay_details"):
                yield Fault(f"{place_of_meter(each, billed, points=points)}.prepay_details")

    return ObjectRule(
        code="prepay_details_on_fully_billed_meter",
        path="",
        where=f"{points}.meters.removed_on",
        explanation="A meter that was removed before the last bill cannot have prepay details.",
        faults=faults,
        fields=(f"{points}.meters.prepay_details",),
    )


def _exchanged(account: Document, *, points: str) -> Iterator[tuple[Point, Billed]]:
    """Meters that were removed after the day to which they are billed."""
    for each in each_point(account, points=points):
        if not any(meter.get("removed_on") for meter in each.point.get("meters") or ()):
            continue
        for billed in each_billed(account, each.point):
            removed = billed.meter.get("removed_on")
            if removed and billed.days and min(billed.days) < removed:
                yield each, billed


def _billed_to_the_end(account: Document, *, points: str) -> Iterator[tuple[Point, Billed]]:
    """Meters that were removed before the day to which they are billed."""
    for each in each_point(account, points=points):
        for billed in each_billed(account, each.point):
            removed = billed.meter.get("removed_on")
            if removed and billed.days and min(billed.days) > removed:
                yield each, billed
