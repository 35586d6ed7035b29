"""Models that the payloads of Australian supply points share.

The guides show each field by an example and state of none but the identifier that it must be there.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transforms.models.base import Entity, Payload


class SupplyPoint(Entity):
    """A point of the network; the identifier is the NMI."""

    identifier: Annotated[str, Field(min_length=1)]
    supply_type: str | None = None
    substation: str | None = None
    critical_load: bool | None = None


class SupplyPointPayload(Payload):
    """The payload of one supply point, to which each revision adds its fields."""

    supply_point: SupplyPoint


class StreetAddress(Entity):
    """A street address in its parts, or a post office box."""

    house_number_1: str | None = None
    building_or_property_name: str | None = None
    flat_or_unit_number: str | None = None
    flat_or_unit_type: str | None = None
    street_name: str | None = None
    street_type: str | None = None
    postal_delivery_number_value: str | None = None
    postal_delivery_type: str | None = None


class PostalAddress(Entity):
    """Where post is sent."""

    administrative_area: str | None = None
    country: str | None = None
    dependent_locality: str | None = None
    locality: str | None = None
    postal_code: str | None = None
    sorting_code: str | None = None
    street_address: str | None = None
    delivery_point_identifier: str | None = None
    structured_street_address: StreetAddress | None = None


class Phone(Entity):
    """A telephone number."""

    number: str | None = None
    service_type: str | None = None
    prefix: str | None = None


class OutageContact(Entity):
    """The person to tell of an outage; each revision has its own way to list the telephones."""

    title: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    suffix: str | None = None
    name_type: str | None = None
    email_address: str | None = None
    postal_address: PostalAddress | None = None
