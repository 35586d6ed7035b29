"""The payload of a National Grid account: fields and their order as in the guide."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transforms.models.accounts import Address, CustomerPreferences, Person, Transaction, UserDetail
from transforms.models.base import (
    Agreement,
    Entity,
    IsoDate,
    IsoTime,
    Metadata,
    Money,
    Note,
    Payload,
    Quantity,
)


class AlternativePhone(Entity):
    """A further telephone number of a customer."""

    phone_number: Annotated[str, Field(max_length=32)]


class Customer(Person):
    """A person who holds the account."""

    alternative_phone_numbers: list[AlternativePhone] | None = None
    customer_preferences: CustomerPreferences | None = None
    user_details: list[UserDetail] | None = None


class BillingDocument(Entity):
    """A bill with what was booked on it."""

    billing_document_identifier: str
    billing_document_type: str
    issued_date: IsoDate
    transactions: list[Transaction]


class Ledger(Entity):
    """The money of the account. Credits are positive."""

    ledger_code: str
    billing_document_type: str
    ledger_balance: Money
    last_statement_closing_date: IsoDate | None = None
    last_statement_issue_date: IsoDate | None = None
    historical_billing_documents: list[BillingDocument] | None = None
    additional_historical_transactions: list[Transaction]
    current_statement_transactions: list[Transaction]


class PropertyTypeDetails(Entity):
    """What holds for this kind of property."""

    property_type: str
    premise_type: str | None = None
    entry_instructions: str | None = None


class PropertyDetails(Entity):
    """How to get there, and in."""

    driving_instructions: str | None = None
    property_type_specific_details: PropertyTypeDetails | None = None


class Characteristic(Entity):
    """A choice within a tariff."""

    code: str
    value: str


class GridAgreement(Agreement):
    """A tariff from a date on, with the choices within it."""

    characteristics: list[Characteristic] | None = None


class ServiceDrop(Entity):
    """The line from the network to the property."""

    external_identifier: str
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

    register_type: str
    digits: int
    multiplier: Quantity


class Meter(Entity):
    """A meter and how it is read."""

    active_from: IsoTime
    serial_number: str
    status: str
    service_type: str
    voltage: int | None = None
    size: int | None = None
    phase: str | None = None
    retrieval_method: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    advance_meter_info: str | None = None
    is_net_metered: bool | None = None
    registers: list[Register]


class SupplyPoint(Entity):
    """Where energy is delivered."""

    supply_type: str
    identifier: str
    operating_company: str
    supply_start_date: IsoDate
    last_billed_to_date: IsoDate | None = None
    agreements: list[GridAgreement]
    supply_details: SupplyDetails | None = None
    meters: list[Meter] | None = None


class SupplyAddress(Entity):
    """A supplied property."""

    customer_at_supply_address_from_date: IsoDate
    supply_address: Address
    external_identifier: str
    property_details: PropertyDetails | None = None
    supply_points: list[SupplyPoint]


class GridAccount(Payload):
    """The payload."""

    external_account_number: Annotated[str, Field(max_length=128)]
    billing_address: Address
    metadata: list[Metadata] | None = None
    customers: list[Customer]
    notes: list[Note] | None = None
    ledgers: list[Ledger] | None = None
    supply_addresses: list[SupplyAddress]
