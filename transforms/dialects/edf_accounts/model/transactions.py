"""Ledgers and what is booked on them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.reasons import (
    ChargeReason,
    CreditReason,
    PaymentReason,
    PaymentType,
    RepaymentReason,
    RepaymentType,
)
from transforms.dialects.edf_accounts.model.values import TaxFigure, UnitPrice, Units
from transforms.models.accounts import Booking
from transforms.models.base import Entity, IsoDate, Money, PositiveMoney, Quantity


class TaxItem(Entity):
    """A tax within a charge."""

    amount: Quantity
    rate: TaxFigure
    tax_type: str
    unit_type: Literal["PROPORTION", "CURRENCY_PER_KWH"]
    value_taxed: TaxFigure
    params: dict[str, Any] | None = None


class LineItem(Entity):
    """A line of a supply charge: so many units at a price."""

    start_date: IsoDate
    end_date: IsoDate
    net_amount: Quantity
    number_of_units: Units
    price_per_unit: UnitPrice | None = None
    rate_band: str | None = None
    rate_specification_code: str | None = None
    time_series_specification_code: str | None = None
    external_rate_identifier: str | None = None
    units: list[Units] | None = None
    params: dict[str, Any] | None = None


class _Entry(Booking):
    """What all movements on a ledger share."""

    transaction_id: Annotated[str, Field(min_length=1)]
    billing_document_identifier: str | None = None
    note: str | None = None
    to_prepay_meter_serial_number: str | None = None


class _Shown(_Entry):
    """A movement that has no means of payment: a blank one may be sent, as Kraken drops it."""

    display_note: str | None = None
    payment_type: Literal[""] | None = None


class Credit(_Shown):
    """A credit."""

    type: Literal["CREDIT"]
    reason: CreditReason


class Charge(_Shown):
    """A charge."""

    type: Literal["CHARGE"]
    reason: ChargeReason
    tax_items: list[TaxItem] | None = None


class SupplyCharge(_Shown):
    """A charge for supply, line by line."""

    type: Literal["SUPPLY_CHARGE"]
    product_code: str
    line_items: list[LineItem]
    supply_point_identifier: str | None = None
    tax_items: list[TaxItem] | None = None


class Payment(_Entry):
    """A payment by the customer."""

    type: Literal["PAYMENT"]
    amount: PositiveMoney
    reason: PaymentReason | None = None
    payment_type: PaymentType | None = None
    reference: str | None = None


class Repayment(_Entry):
    """A payment to the customer."""

    type: Literal["REPAYMENT"]
    amount: PositiveMoney
    reason: RepaymentReason | None = None
    payment_type: RepaymentType | None = None
    reference: str | None = None


Transaction: TypeAlias = Annotated[
    Credit | Charge | SupplyCharge | Payment | Repayment, Field(discriminator="type")
]


class Ledger(Entity):
    """The money of the account, in the form of the guide: the served document does not list it.

    Credits are positive. The code is that of the served document; the guide's only ledger has none.
    """

    ledger_code: str | None = None
    ledger_identifier: str | None = None
    current_statement_transactions: list[Transaction] | None = None
    historical_statement_transactions: list[Transaction] | None = None
    last_statement_closing_date: IsoDate | None = None
    last_statement_balance: Money | None = None
    last_statement_issue_date: IsoDate | None = None
    ledger_balance: Money | None = None
