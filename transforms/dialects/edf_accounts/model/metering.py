"""Meters, their registers and their readings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.dialects.edf_accounts.model.values import Digits, RegisterId, SerialNumber
from transforms.models.base import Entity, IsoDate, Money, PositiveMoney, Quantity


class Register(Entity):
    """A register of an electricity meter."""

    register_id: RegisterId
    tpr: str | None = None
    number_of_digits: Digits
    is_settlement: bool | None = None
    last_billed_to_date: IsoDate | None = None


class Reading(Entity):
    """A reading on the day of the transfer."""

    register_id: RegisterId | None = None
    reading_date: IsoDate
    reading_value: Quantity
    reading_type: Literal["CUSTOMER", "ESTIMATE", "ROUTINE", "SMART", "REGULAR"]


class HistoricalReading(Reading):
    """A reading before the transfer."""

    billed: bool
    validation_status: Literal["VALIDATED", "UNVALIDATED", "FAILED"] | None = None


class GasDebtRepayment(Entity):
    """How a prepay gas meter collects a debt."""

    weekly_min: PositiveMoney | None = None
    weekly_max: PositiveMoney | None = None


class PrepayDetails(Entity):
    """The settings and balances of an electricity prepay meter."""

    debt_balance: PositiveMoney
    credit_balance: Money
    transfer_vend_read_date: IsoDate


class GasPrepayDetails(PrepayDetails):
    """The settings and balances of a gas prepay meter."""

    gas_debt_repayment_options: GasDebtRepayment | None = None


class Meter(Entity):
    """What meters of both fuels share."""

    meter_serial_number: SerialNumber
    installed_on: IsoDate | None = None
    removed_on: IsoDate | None = None
    smart_type: Literal["NONE", "SMETS1", "SMETS1_ENROLLED", "SMETS2"] | None = None
    smart_commissioned_on: IsoDate | None = None
    smart_device_id: str | None = None
    transfer_readings: list[Reading] | None = None
    reading_history: list[HistoricalReading] | None = None
    is_prepay: bool | None = None
    prepay_customer_reference_number: Annotated[str, Field(max_length=20)] | None = None


class ElectricityMeter(Meter):
    """An electricity meter."""

    registers: list[Register] | None = None
    prepay_details: PrepayDetails | None = None


class GasMeter(Meter):
    """A gas meter."""

    gas_number_of_digits: Digits
    units_of_measure: Literal["SCFH", "SCMH"] | None = None
    last_billed_to_date: IsoDate | None = None
    prepay_details: GasPrepayDetails | None = None
