"""Meters, registers and readings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.rules import identifiers, metering
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule

_ADDRESSES: Final = "supply_addresses"
_POINTS: Final = f"{_ADDRESSES}.meter_points"
_METERS: Final = f"{_POINTS}.meters"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Meters, registers and readings."""
    return (
        ObjectRule(
            code="meter_point_with_no_meters",
            path=_POINTS,
            explanation="A meter point needs a meter.",
            faults=_no_meters,
            fields=("meters",),
        ),
        ObjectRule(
            code="registers_missing_for_active_electricity_meter",
            path=_POINTS,
            explanation="An electricity meter needs a register.",
            faults=_no_registers,
            fields=("meters.registers",),
        ),
        ObjectRule(
            code="electricity_prepay_meter_without_customer_reference_number",
            path=_POINTS,
            explanation="A prepay electricity meter needs its customer reference number.",
            faults=_no_customer_reference,
            fields=("meters.prepay_customer_reference_number",),
        ),
        identifiers.unique_serial_number(f"{_METERS}.meter_serial_number"),
        *metering.register_rules(_METERS),
        *metering.reading_rules(_METERS, today=given.today),
        *metering.prepay_rules(_METERS),
        *metering.consumption_rules(_POINTS, today=given.today),
        *metering.transfer_rules(points=_POINTS),
    )


def _no_meters(point: Document) -> Iterator[Fault]:
    if not point.get("meters"):
        yield Fault("meters")


def _no_registers(point: Document) -> Iterator[Fault]:
    if point["supply_type"] == "ELECTRICITY":
        for index, meter in enumerate(point.get("meters") or ()):
            if not meter.get("registers") and not meter.get("removed_on"):
                yield Fault(f"meters.{index}.registers")


def _no_customer_reference(point: Document) -> Iterator[Fault]:
    if point["supply_type"] == "ELECTRICITY":
        for index, meter in enumerate(point.get("meters") or ()):
            is_active = meter.get("is_prepay") and not meter.get("removed_on")
            if is_active and not meter.get("prepay_customer_reference_number"):
                yield Fault(f"meters.{index}.prepay_customer_reference_number")
