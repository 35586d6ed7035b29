"""The payload of a Plenitude account, in the guide's order of fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transforms.models.accounts import UserDetail
from transforms.models.base import Agreement, Entity, IsoDate, Payload


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

    identifier: str
    supply_type: str
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

    locality: str
    postal_code: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    structured_street_address: StreetAddress | None = None


class SupplyAddress(Entity):
    """A property with its supply points."""

    supply_points: list[SupplyPoint]
    customer_at_supply_address_from_date: IsoDate
    supply_address: Address


class Account(Payload):
    """The payload."""

    external_account_number: str
    account_type: str
    operations_team_name: str | None = None
    customers: list[Customer]
    supply_addresses: list[SupplyAddress]
