"""Tariffs, and what was agreed apart from them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.values import ClockTime, Pence, RegisterId, SerialNumber
from transforms.models import base
from transforms.models.base import Entity, IsoTime, Quantity

SalesChannel: TypeAlias = Literal[
    "DIRECT",
    "PRICE_COMPARISON",
    "TELESALES",
    "DIGI_TELESALES",
    "EVENTS",
    "FIELD_SALES",
    "AGGREGATOR",
    "PARTNERSHIPS",
    "NEW_TENANT",
    "MOVE_IN",
    "WORKPLACE_POP_UP",
    "BROKER",
    "PARENT_POWER",
    "PEOPLE_POWER",
    "GIFT_OF_KIT",
    "HIGH_REFERRER",
    "SUPPLIER_OF_LAST_RESORT",
    "ACQUISITION",
    "WORKS_WITH_OCTOPUS",
    "LANDLORD",
    "DEBT_COLLECTION_AGENCY",
]
_PaymentMethod: TypeAlias = Literal["NON_DIRECT_DEBIT", "PREPAYMENT", "DIRECT_DEBIT"]


class SalesChannelChoice(Entity):
    """A tariff for customers won in this way."""

    code: Literal["sales_channel"]
    value: SalesChannel


class ElectricityPaymentChoice(Entity):
    """How electricity is paid for."""

    code: Literal["gbr-electricity.payment-method"]
    value: _PaymentMethod


class GasPaymentChoice(Entity):
    """How gas is paid for."""

    code: Literal["gbr-gas.payment-method"]
    value: _PaymentMethod


class RateProfileChoice(Entity):
    """One rate or several."""

    code: Literal["gbr-electricity.meter-rate-profile"]
    value: Literal["flat_rate", "multi_rate"]


class GasRegionChoice(Entity):
    """The region that a gas tariff is for, by the letter of its grid supply point group."""

    code: Literal["gbr-gas.meter-point-grid-supply-point-equivalent"]
    value: Literal["_A", "_B", "_C", "_D", "_E", "_F", "_G", "_H", "_J", "_K", "_L", "_M", "_N", "_P"]


Characteristic: TypeAlias = Annotated[
    SalesChannelChoice | ElectricityPaymentChoice | GasPaymentChoice | RateProfileChoice | GasRegionChoice,
    Field(discriminator="code"),
]


class RateOverride(Entity):
    """A price that replaces one of the tariff's."""

    rate_band: Annotated[str, Field(max_length=255)]
    unit_price: Quantity


class RegisterRate(Entity):
    """The price of what one register counts."""

    register_id: RegisterId | None = None
    rate_type: (
        Literal[
            "STANDARD",
            "ECO7_DAY",
            "ECO7_NIGHT",
            "OFF_PEAK",
            "PEAK",
            "WEEKDAY",
            "OFF_PEAK_WEEKENDS",
            "WEEKENDS_OTHER",
            "SUMMER",
            "SUMMER_PEAK",
            "SUMMER_OFF_PEAK",
            "WINTER",
            "WINTER_PEAK",
            "WINTER_OFF_PEAK",
            "NUCLEAR_RAB",
            "SUMMER_WEEKENDS_OFF_PEAK_WINTER",
            "TNUOS",
            "CAPACITY_MARKET",
            "HMC_GUARANTEE_ADVANCE",
            "HMC_GUARANTEE_FULL",
            "EV_DEVICE",
            "EV_DEVICE_PEAK",
            "EV_DEVICE_OFF_PEAK",
        ]
        | None
    ) = None
    start_time: ClockTime | None = None
    unit_rate: Pence


class BespokeRates(Entity):
    """Prices made for one customer."""

    meter_serial_number: SerialNumber | None = None
    payment_method: Literal["DD", "NDD", "PP", ""] | None = None
    standing_charge: Pence


class BespokeElectricityRates(BespokeRates):
    """Prices of electricity, register by register."""

    registers: list[RegisterRate]


class BespokeGasRates(BespokeRates):
    """The price of gas."""

    unit_rate: Pence


class Intermediary(Entity):
    """The portfolio of the business that stands between the supplier and the customer."""

    portfolio_number: str
    external_id: Annotated[str, Field(max_length=255)] | None = None


class Agreement(base.Agreement):
    """What agreements of both fuels share."""

    agreed_at: IsoTime | None = None
    rates_agreed_at: IsoTime | None = None
    business_contract_identifier: str | None = None
    characteristics: list[Characteristic] | None = None
    rate_overrides: list[RateOverride] | None = None
    intermediary: Intermediary | None = None


class ElectricityAgreement(Agreement):
    """A tariff for electricity from a date on."""

    bespoke_tariff_rates: list[BespokeElectricityRates] | None = None


class GasAgreement(Agreement):
    """A tariff for gas from a date on."""

    bespoke_tariff_rates: list[BespokeGasRates] | None = None
