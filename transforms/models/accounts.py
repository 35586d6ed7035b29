"""Models that the payloads of accounts share: people, addresses and bookings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.models.base import Entity, IsoDate, Money


class CustomerPreferences(Entity):
    """The messages that the customer agreed to."""

    opted_into_sms: bool | None = None
    opted_into_recommended: bool | None = None
    opted_into_updates: bool | None = None
    opted_into_third_parties: bool | None = None
    opted_into_offers: bool | None = None
    is_user_psr_consent_obtained: bool | None = None


class Person(Entity):
    """A person and how to reach them."""

    given_name: Annotated[str, Field(max_length=255)] | None = None
    family_name: Annotated[str, Field(max_length=255)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    mobile: Annotated[str, Field(max_length=32)] | None = None
    landline: Annotated[str, Field(max_length=32)] | None = None
    date_of_birth: IsoDate | None = None
    title: Annotated[str, Field(max_length=20)] | None = None
    salutation: Annotated[str, Field(max_length=128)] | None = None


class UserDetail(Entity):
    """A detail of a customer that has no other field."""

    namespace: str
    value: str


class Address(Entity):
    """An address with the street in one line."""

    street_address: str | None = None
    locality: str | None = None
    administrative_area: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Booking(Entity):
    """The fields of every movement on a ledger. A minus stands for a reversal, or for a correction."""

    transaction_id: str
    transaction_date: IsoDate
    amount: Money


class Transaction(Booking):
    """A movement on a ledger whose fields do not depend on its type.

    No source of its dialects says which of the types may have a minus.
    """

    type: Literal["CHARGE", "CREDIT", "PAYMENT", "REPAYMENT"]
    reason: str | None = None
    payment_type: str | None = None
