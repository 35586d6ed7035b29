"""The payload of a National Grid account: fields and their order as in the guide.

The guide shows each field by an example and states of none that it must be there. Required is what tells the
account and its supply points apart from others, and money: a booking or a ledger without its amount would
leave a household with a wrong balance.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transforms.models.accounts import Address, CustomerPreferences, Transaction
from transforms.models.base import Entity, IsoDate, IsoTime, Money, Payload, Quantity
from transforms.models.shown import Agreement, Metadata, Note, Person, UserDetail


class AlternativePhone(Entity):
    """A further telephone number of a customer."""

    phone_number: str | None = None


class Customer(Person):
    """A person who holds the account."""

    alternative_phone_numbers: list[AlternativePhone] | None = None
    customer_preferences: CustomerPreferences | None = None
    user_details: list[UserDetail] | None = None


class BillingDocument(Entity):
    """A bill with what was booked on it."""

    billing_document_identifier: str | None = None
    billing_document_type: str | None = None
    issued_date: IsoDate | None = None
    transactions: list[Transaction] | None = None


class Ledger(Entity):
    """The money of the account. Credits are positive."""

    ledger_code: str
    billing_document_type: str | None = None
    ledger_balance: Money
    last_statement_closing_date: IsoDate | None = None
    last_statement_issue_date: IsoDate | None = None
    historical_billing_documents: list[BillingDocument] | None = None
    additional_historical_transactions: list[Transaction] | None = None
    current_statement_transactions: list[Transaction] | None = None


class PropertyTypeDetails(Entity):
    """What holds for this kind of property."""

    property_type: str | None = None
    premise_type: str | None = None
    entry_instructions: str | None = None


class PropertyDetails(Entity):
    """How to get there, and in."""

    driving_instructions: str | None = None
    property_type_specific_details: PropertyTypeDetails | None = None


class Characteristic(Entity):
    """A choice within a tariff."""

    code: str | None = None
    value: str | None = None


class GridAgreement(Agreement):
    """A tariff from a date on, with the choices within it."""

    characteristics: list[Characteristic] | None = None


class ServiceDrop(Entity):
    """The line from the network to the property."""

    external_identifier: str | None = None
    distribution_line_style: str | None = None
    delivery_voltage: str | None = None
    metering_type: str | None = None


class SupplyDetails(Entity):
    """Where in the network the supply point is."""

    standard_point_location_code: str | None = None
    load_profile_code: str | None = None
    service_drop: ServiceDrop | None = None


class Register(Entity):
    """A register of a meter."""

    register_type: str | None = None
    digits: int | None = None
    multiplier: Quantity | None = None


class Meter(Entity):
    """A meter and how it is read."""

    active_from: IsoTime | None = None
    serial_number: str | None = None
    status: str | None = None
    service_type: str | None = None
    voltage: int | None = None
    size: int | None = None
    phase: str | None = None
    retrieval_method: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    advance_meter_info: str | None = None
    is_net_metered: bool | None = None
    registers: list[Register] | None = None


class SupplyPoint(Entity):
    """Where energy is delivered."""

    supply_type: str | None = None
    identifier: Annotated[str, Field(min_length=1)]
    operating_company: str | None = None
    supply_start_date: IsoDate | None = None
    last_billed_to_date: IsoDate | None = None
    agreements: list[GridAgreement] | None = None
    supply_details: SupplyDetails | None = None
    meters: list[Meter] | None = None


class SupplyAddress(Entity):
    """A supplied property."""

    customer_at_supply_address_from_date: IsoDate | None = None
    supply_address: Address | None = None
    external_identifier: str | None = None
    property_details: PropertyDetails | None = None
    supply_points: list[SupplyPoint] | None = None


class GridAccount(Payload):
    """The payload."""

    external_account_number: str
    billing_address: Address | None = None
    metadata: list[Metadata] | None = None
    customers: list[Customer] | None = None
    notes: list[Note] | None = None
    ledgers: list[Ledger] | None = None
    supply_addresses: list[SupplyAddress] | None = None
