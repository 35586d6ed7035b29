"""The payload of an EDF account: types, lengths and choices as EDF's served document gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.models.accounts import CustomerPreferences, Person, Transaction
from transforms.models.base import (
    Agreement,
    Entity,
    IsoDate,
    Metadata,
    Money,
    Note,
    Payload,
    Quantity,
)

Line = Annotated[str, Field(max_length=512)]
ReadingType = Literal["CUSTOMER", "ESTIMATE", "ROUTINE", "SMART", "REGULAR"]


class PriorityService(Entity):
    """A need on the priority services register."""

    elec_industry_code: str | None = None
    gas_industry_code: str | None = None
    effective_from: IsoDate


class Customer(Person):
    """A person who holds the account."""

    psr: list[PriorityService] | None = None
    customer_preferences: CustomerPreferences | None = None


class Register(Entity):
    """A register of an electricity meter."""

    register_id: Annotated[str, Field(max_length=32)]
    tpr: str | None = None
    number_of_digits: int
    is_settlement: bool | None = None


class Reading(Entity):
    """A reading on the day of the transfer."""

    register_id: Annotated[str, Field(max_length=32)] | None = None
    reading_date: IsoDate
    reading_value: Quantity
    reading_type: ReadingType


class HistoricalReading(Reading):
    """A reading before the transfer."""

    billed: bool


class GasDebtRepayment(Entity):
    """How a prepay gas meter collects a debt."""

    weekly_min: Money | None = None
    weekly_max: Money | None = None


class PrepayDetails(Entity):
    """What stands on an electricity prepay meter."""

    debt_balance: Money
    credit_balance: Money
    transfer_vend_read_date: IsoDate


class GasPrepayDetails(PrepayDetails):
    """What stands on a gas prepay meter."""

    gas_debt_repayment_options: GasDebtRepayment | None = None


class Meter(Entity):
    """What meters of both fuels share."""

    meter_serial_number: Annotated[str, Field(max_length=32)]
    installed_on: IsoDate | None = None
    smart_type: Literal["NONE", "SMETS1", "SMETS1_ENROLLED", "SMETS2"] | None = None
    transfer_readings: list[Reading] | None = None
    reading_history: list[HistoricalReading] | None = None
    is_prepay: bool | None = None


class ElectricityMeter(Meter):
    """An electricity meter."""

    registers: list[Register] | None = None
    prepay_customer_reference_number: Annotated[str, Field(max_length=32)] | None = None
    prepay_details: PrepayDetails | None = None


class GasMeter(Meter):
    """A gas meter."""

    gas_number_of_digits: int
    prepay_details: GasPrepayDetails | None = None


class SmartRefusalInterest(Entity):
    """What the customer said when offered a smart meter."""

    type: Literal["NOT_INTERESTED", "INTERESTED", "NOT_AT_THE_MOMENT"]
    date: IsoDate
    refusal_reason: str | None = None
    source: Literal["WEBSITE", "EMAIL", "OTHER"] | None = None


class EstimatedConsumption(Entity):
    """Estimated annual consumption of a time pattern regime."""

    effective_from: IsoDate
    tpr: Annotated[str, Field(max_length=16)]
    consumption: Quantity
    source: Annotated[str, Field(max_length=255)] | None = None


class AnnualQuantity(Entity):
    """Annual quantity of gas."""

    effective_from: IsoDate
    effective_to: IsoDate | None = None
    consumption: Quantity


class MeterPoint(Entity):
    """What meter points of both fuels share."""

    identifier: str
    agreements: list[Agreement] | None = None
    mpid: Annotated[str, Field(max_length=4)]
    supply_start_date: IsoDate
    et_in_progress: bool | None = None
    dr_in_progress: bool | None = None
    smart_refusal_interest: SmartRefusalInterest | None = None


class ElectricityMeterPoint(MeterPoint):
    """An MPAN."""

    supply_type: Literal["ELECTRICITY"]
    profile_class: int | None = None
    ssc: str | None = None
    meters: list[ElectricityMeter] | None = None
    eac_history: list[EstimatedConsumption] | None = None


class GasMeterPoint(MeterPoint):
    """An MPRN."""

    supply_type: Literal["GAS"]
    shipper_mpid: Annotated[str, Field(max_length=3)]
    meters: list[GasMeter] | None = None
    aq_history: list[AnnualQuantity] | None = None


class SupplyAddress(Entity):
    """A supplied property."""

    supply_address1: Line
    supply_address2: Line | None = None
    supply_address3: Line | None = None
    supply_address4: Line | None = None
    supply_address5: Line | None = None
    supply_postcode: Annotated[str, Field(max_length=10)]
    is_landlord: bool | None = None
    customer_at_supply_address_from_date: IsoDate
    meter_points: list[Annotated[ElectricityMeterPoint | GasMeterPoint, Field(discriminator="supply_type")]]
    property_administrators: list[Person] | None = None


class Ledger(Entity):
    """The money of the account. Credits are positive."""

    current_statement_transactions: list[Transaction] | None = None
    historical_statement_transactions: list[Transaction] | None = None
    last_statement_closing_date: IsoDate | None = None
    last_statement_balance: Money | None = None
    last_statement_issue_date: IsoDate | None = None
    ledger_balance: Money


class PaymentSchedule(Entity):
    """A regular payment."""

    amount: Money
    day_of_month: int | None = None
    frequency: Literal[
        "MONTHLY", "QUARTERLY", "WEEKLY", "FORTNIGHTLY", "FOUR_WEEKLY", "ANNUALLY", "SIX_MONTHLY"
    ]
    means: Literal["DD", "CARD", "MANUAL", "PAYMENT_SLIP"]
    start_date: IsoDate
    is_debt_repayment_plan: bool | None = None
    debt_repayment_element: Money | None = None
    debt_repayment_end_date: IsoDate | None = None


class Reference(Entity):
    """An identifier of the account in some other system."""

    namespace: Annotated[str, Field(max_length=50)]
    value: Annotated[str, Field(max_length=100)]


class Statement(Entity):
    """A bill that was sent."""

    bill_period_from_date: IsoDate
    bill_period_to_date: IsoDate
    statement_path: str | None = None
    statement_id: str


class WarmHomeDiscount(Entity):
    """A warm home discount of one tax year."""

    tax_year: Annotated[str, Field(pattern=r"^\d{4}/\d{2}$")]
    account_type: Literal["CREDIT", "PREPAY"]
    group: Literal["CORE", "BROADER"]


class DunningPath(Entity):
    """The collections path that the account is on."""

    path_name: Annotated[str, Field(max_length=256)]
    start_date: IsoDate | None = None


class AgedDebt(Entity):
    """A part of a debt with its due date."""

    debt_amount: Money
    due_date: IsoDate


class Debt(Entity):
    """A debt that an agency collects."""

    agency_name: Annotated[str, Field(max_length=256)]
    start_date: IsoDate
    is_insolvent: bool | None = None
    aged_debt: list[AgedDebt] | None = None


class Campaign(Entity):
    """A campaign that the account belongs to."""

    slug: str
    campaign_note: str | None = None


class EnergyAccount(Payload):
    """The payload."""

    external_account_number: Annotated[str, Field(max_length=128)]
    unknown_occupier: bool | None = None
    customers: list[Customer] | None = None
    billing_name: Annotated[str, Field(max_length=510)] | None = None
    billing_address1: Line
    billing_address2: Line | None = None
    billing_address3: Line | None = None
    billing_address4: Line | None = None
    billing_address5: Line | None = None
    billing_postcode: Line
    account_type: Literal[
        "DOMESTIC",
        "BUSINESS",
        "MANAGED",
        "PORTFOLIO_LEAD",
        "DOMESTIC_VACANT",
        "BUSINESS_VACANT",
        "DOMESTIC_OCCUPIER",
        "BUSINESS_OCCUPIER",
    ]
    sales_channel: str
    sales_subchannel: str | None = None
    supply_addresses: list[SupplyAddress]
    transfer_balance: Money
    ledgers: list[Ledger] | None = None
    last_billed_to_date: IsoDate
    payment_schedules: list[PaymentSchedule] | None = None
    references: list[Reference] | None = None
    notes: list[Note] | None = None
    statements: list[Statement] | None = None
    warm_home_discount: list[WarmHomeDiscount] | None = None
    dunning_path: DunningPath | None = None
    debts: list[Debt] | None = None
    last_payment_review_date: IsoDate | None = None
    next_bill_due_date: IsoDate | None = None
    smart_read_frequency: Literal["MONTHLY", "DAILY", "HALF_HOURLY", "DENIED"] | None = None
    smart_read_cycle_day: int | None = None
    communication_preference: Literal["ONLINE", "PRINT"] | None = None
    document_accessibility: Literal["LARGE_PRINT", "BRAILLE", "SPOKEN"] | None = None
    account_campaigns: list[Campaign] | None = None
    metadata: list[Metadata] | None = None
