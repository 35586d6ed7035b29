"""The payload of a Plenitude account, in the guide's order of fields.

The guide shows each field by an example and states of none that it must be there: required is what tells the
account and the supply point apart from others.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transforms.models.base import Entity, IsoDate, Payload
from transforms.models.shown import Agreement, UserDetail


class Customer(Entity):
    """A person who holds the account."""

    user_details: list[UserDetail] | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    mobile: str | None = None
    landline: str | None = None


class SupplyPoint(Entity):
    """A point of the network; the identifier is the CPE of electricity, or the CUI of gas."""

    identifier: Annotated[str, Field(min_length=1)]
    supply_type: str | None = None
    agreements: list[Agreement] | None = None


class StreetAddress(Entity):
    """A street address in its parts."""

    street_type: str | None = None
    street_name: str | None = None
    street_number: str | None = None
    floor: str | None = None
    door: str | None = None
    direction: str | None = None


class Address(Entity):
    """Where a property is."""

    locality: str | None = None
    postal_code: str | None = None
    country: str | None = None
    structured_street_address: StreetAddress | None = None


class SupplyAddress(Entity):
    """A property with its supply points."""

    supply_points: list[SupplyPoint] | None = None
    customer_at_supply_address_from_date: IsoDate | None = None
    supply_address: Address | None = None


class Account(Payload):
    """The payload."""

    external_account_number: str
    account_type: str | None = None
    operations_team_name: str | None = None
    customers: list[Customer] | None = None
    supply_addresses: list[SupplyAddress] | None = None
