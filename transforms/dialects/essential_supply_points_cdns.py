"""Essential Energy supply points, revision `cdns`.

A supply point of the distribution network with its customer details notifications: who is to be told of
an outage, and where. Source: the supply-point import guide.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.dialect import FLAG, Column, Dialect, Frame, columns
from transforms.models.australia import OutageContact
from transforms.models.base import Entity, IsoTime, Payload
from transforms.rules import addresses, contacts, identifiers
from transforms.rules.engine import Circumstances, Rule


class SupplyPoint(Entity):
    """A point of the network; the identifier is the NMI."""

    identifier: Annotated[str, Field(pattern=r"^[0-9A-Z]{10,11}$")]
    supply_type: Literal["ELECTRICITY_DISTRIBUTION"]
    substation: str | None = None
    critical_load: bool | None = None


class Notification(Entity):
    """A customer details notification."""

    transaction_date: IsoTime
    movement_type: Literal["Update", "Reconciliation"]
    outage_contact: OutageContact


class SupplyPointWithNotifications(Payload):
    """The payload."""

    supply_point: SupplyPoint
    cdns: list[Notification]


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """What Kraken refuses, as far as a payload alone can tell."""
    contact = "cdns.outage_contact"
    address = f"{contact}.postal_address"
    return (
        identifiers.valid_identifier("supply_point.identifier", is_valid=identifiers.is_nmi, name="NMI"),
        *contacts.phone_rules(f"{contact}.phones.number", region=given.region),
        *contacts.email_rules(f"{contact}.email_address"),
        addresses.postcode(f"{address}.postal_code", country="AU"),
        addresses.state_fits_postcode(address, country="AU"),
        *addresses.street_rules(f"{address}.structured_street_address"),
    )


_NOTIFICATION = ("external_identifier", "notification_key")

DIALECT = Dialect(
    name="essential_supply_points_cdns",
    title="Essential Energy supply points (customer details notifications)",
    resource="supply-points",
    market="AU",
    zone="Australia/Sydney",
    identifier_path=("supply_point", "identifier"),
    default_import_supplier="TEST_SUPPLIER",
    model=SupplyPointWithNotifications,
    rules=rules,
    frames=(
        Frame(
            name="supply_points",
            key=("external_identifier",),
            columns=(
                Column(
                    name="supply_type",
                    field="supply_point.supply_type",
                    kind="code",
                    codes={"ED": "ELECTRICITY_DISTRIBUTION"},
                    required=True,
                    meaning="Kind of supply.",
                ),
                Column(
                    name="substation",
                    field="supply_point.substation",
                    kind="text",
                    meaning="Number of the substation that feeds the point.",
                ),
                Column(
                    name="critical_load",
                    field="supply_point.critical_load",
                    kind="code",
                    codes=FLAG,
                    meaning="Whether somebody's life depends on the supply.",
                ),
            ),
        ),
        Frame(
            name="notifications",
            key=_NOTIFICATION,
            parent="supply_points",
            target="cdns",
            required=True,
            columns=(
                Column(
                    name="transaction_date",
                    kind="timestamp",
                    required=True,
                    meaning="When the notification was made.",
                ),
                Column(
                    name="movement_type",
                    kind="code",
                    codes={"UPD": "Update", "REC": "Reconciliation"},
                    required=True,
                    meaning="Why the notification was made.",
                ),
                *columns(
                    kind="text",
                    inside="outage_contact",
                    meanings={
                        "title": "Title of the person to tell.",
                        "given_name": "First name.",
                        "family_name": "Last name.",
                        "suffix": "What follows the name.",
                    },
                ),
                Column(
                    name="name_type",
                    field="outage_contact.name_type",
                    kind="code",
                    codes={"A": "AKA", "L": "LGL"},
                    meaning="Whether the name is the legal one or another.",
                ),
                Column(
                    name="email",
                    field="outage_contact.email_address",
                    kind="text",
                    meaning="E-mail address.",
                ),
                *columns(
                    kind="text",
                    inside="outage_contact.postal_address",
                    meanings={
                        "administrative_area": "State or territory.",
                        "country": "Two-letter country code.",
                        "locality": "Suburb or town.",
                        "postal_code": "Postcode, four digits.",
                        "delivery_point_identifier": "Number of the postal delivery point.",
                    },
                ),
                *columns(
                    kind="text",
                    inside="outage_contact.postal_address.structured_street_address",
                    meanings={
                        "house_number_1": "House number.",
                        "flat_or_unit_number": "Number of the flat.",
                        "flat_or_unit_type": "What kind of flat, for example U.",
                        "street_name": "Name of the street.",
                        "street_type": "What kind of street, for example RD.",
                    },
                ),
                *columns(
                    kind="text",
                    inside="outage_contact.postal_address.structured_street_address",
                    keep_blank=True,
                    meanings={"building_or_property_name": "Name of the building; blank is sent."},
                ),
            ),
        ),
        Frame(
            name="notification_phones",
            key=(*_NOTIFICATION, "phone_key"),
            parent="notifications",
            target="outage_contact.phones",
            columns=(
                Column(name="number", kind="text", required=True, meaning="Number as it is dialled."),
                Column(
                    name="service_type",
                    kind="code",
                    codes={"MV": "MOBILE_VOICE", "FV": "FIXED_VOICE"},
                    required=True,
                    meaning="Mobile or fixed line.",
                ),
                Column(
                    name="prefix",
                    kind="text",
                    keep_blank=True,
                    meaning="International prefix with plus sign; blank is sent.",
                ),
            ),
        ),
    ),
)
