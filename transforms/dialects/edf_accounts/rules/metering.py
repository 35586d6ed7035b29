"""Meters, registers, readings and consumption."""

from __future__ import annotations

from typing import Final

from transforms.rules import billed_to, consumption, dates, exchanges, identifiers, metering
from transforms.rules.engine import Circumstances, Rule, inferred, served

_POINTS: Final = "supply_addresses.meter_points"
_METERS: Final = f"{_POINTS}.meters"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Meters, registers, readings and consumption."""
    return (
        *_of_meters(),
        *_of_readings(given),
        *_of_billed_to(given),
        *_of_exchanges(),
        *_of_consumption(given),
    )


def _of_meters() -> tuple[Rule, ...]:
    return (
        *served("ElectricityMeterPoint", metering.some_register(_POINTS), metering.some_tpr(_POINTS)),
        *served("ElectricityMeterPoint.meters", metering.register_ids_once(_METERS)),
        *served("ElectricityMeter.registers", metering.tprs_once(_METERS)),
        *served(
            "ElectricityMeter",
            metering.customer_reference_given(_POINTS),
            metering.prepay_details_on_prepay(_METERS),
        ),
        *served(
            "ElectricityMeter.prepay_customer_reference_number",
            metering.customer_reference_is_number(_POINTS),
        ),
        *inferred(
            identifiers.unique_serial_number(
                f"{_METERS}.meter_serial_number",
                unless=(f"{_METERS}.removed_on", f"{_POINTS}.supply_end_date"),
            )
        ),
    )


def _of_readings(given: Circumstances) -> tuple[Rule, ...]:
    today = given.today
    return (
        *served(
            "ElectricityMeter",
            metering.register_named(
                _POINTS, readings="transfer_readings", code="reading_without_register_id"
            ),
            metering.register_known(
                _POINTS, readings="transfer_readings", code="reading_register_id_not_recognised"
            ),
            metering.register_named(_POINTS, readings="reading_history", code="no_register_id_for_reading"),
            metering.register_known(
                _POINTS, readings="reading_history", code="historical_reading_register_id_not_recognised"
            ),
        ),
        *served(
            "EnergyAccount",
            metering.transfer_reading_given(_POINTS, today=today),
            metering.transfer_reading_once(_POINTS, today=today),
            metering.gas_transfer_reading_given(_POINTS, today=today),
            metering.gas_transfer_reading_once(_POINTS, today=today),
        ),
        *inferred(
            metering.not_negative(f"{_METERS}.transfer_readings.reading_value"),
            metering.not_negative(f"{_METERS}.reading_history.reading_value"),
            dates.not_in_future(
                f"{_METERS}.transfer_readings.reading_date", today=today, code="future_reading"
            ),
            dates.not_in_future(
                f"{_METERS}.reading_history.reading_date", today=today, code="future_reading"
            ),
            metering.too_many_digits(_POINTS, readings="transfer_readings"),
            metering.too_many_digits(_POINTS, readings="reading_history"),
            metering.falling_readings(_METERS),
        ),
    )


def _of_billed_to(given: Circumstances) -> tuple[Rule, ...]:
    today = given.today
    return (
        *served(
            "EnergyAccount.supply_addresses",
            billed_to.transfer_reading_dates(points=_POINTS),
            billed_to.billed_readings(points=_POINTS),
        ),
        *served(
            "EnergyAccount",
            billed_to.vend_read_dates(points=_POINTS),
            billed_to.some_day_of_registers(points=_POINTS, today=today),
            billed_to.some_day_of_gas_meters(points=_POINTS, today=today),
        ),
        *inferred(billed_to.vend_read_a_day_late(points=_POINTS)),
    )


def _of_exchanges() -> tuple[Rule, ...]:
    return (
        *served(
            "EnergyAccount.supply_addresses",
            exchanges.read_when_removed(points=_POINTS),
            exchanges.transfer_reading_given(points=_POINTS),
            exchanges.day_given(points=_POINTS),
            exchanges.replacement_not_billed(points=_POINTS),
        ),
        *served(
            "EnergyAccount",
            exchanges.no_transfer_reading_when_billed(points=_POINTS),
            exchanges.no_prepay_details_when_billed(points=_POINTS),
        ),
    )


def _of_consumption(given: Circumstances) -> tuple[Rule, ...]:
    today = given.today
    return (
        *served("ElectricityMeterPoint.eac_history", consumption.eac_once(_POINTS)),
        *served(
            "GasAnnualQuantity",
            dates.ordered(f"{_POINTS}.aq_history", start="effective_from", end="effective_to"),
        ),
        *served(
            "GasMeterPoint.aq_history", consumption.one_open_aq(_POINTS), consumption.consecutive_aqs(_POINTS)
        ),
        *served(
            "EnergyAccount",
            consumption.eac_given(_POINTS, today=today),
            consumption.current_aq(_POINTS, today=today),
        ),
    )
