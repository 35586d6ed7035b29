"""Frames that Australian supply points share: the point, an outage contact, phones and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns

SUPPLY_POINT: Final = ("external_identifier",)

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "name_types": {"A": "AKA"},
    "service_types": {"MV": "MOBILE_VOICE"},
}
"""By setting, the words that the guides show; each client names further ones on its Connection."""

SUPPLY_POINTS: Final = Frame(
    name="supply_points",
    key=SUPPLY_POINT,
    columns=(
        Column(
            name="supply_type",
            field="supply_point.supply_type",
            kind="code",
            codes={"ED": "ELECTRICITY_DISTRIBUTION"},
            expected=True,
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
            codes=OPTIONAL_FLAG,
            meaning="Whether a life depends on the supply; blank is unknown.",
        ),
    ),
)


def outage_contact() -> tuple[Column, ...]:
    """Return columns for the contact during outages, without telephones."""
    return (
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
            kind="configured",
            setting="name_types",
            meaning="Whether the name is the legal one or another.",
        ),
        Column(name="email", field="outage_contact.email_address", kind="text", meaning="E-mail address."),
        *postal_address(inside="outage_contact.postal_address"),
    )


def phone(*, inside: str = "", name: str = "") -> tuple[Column, ...]:
    """Columns of a telephone: the row itself, or one in `inside` that may be missing, called after `name`."""
    field, column = (f"{inside}." if inside else ""), (f"{name}_" if name else "")
    return (
        Column(
            name=f"{column}number",
            field=f"{field}number",
            kind="text",
            expected=not inside,
            meaning="Number as it is dialled.",
        ),
        Column(
            name=f"{column}service_type",
            field=f"{field}service_type",
            kind="configured",
            setting="service_types",
            meaning="Mobile or fixed line.",
        ),
        Column(
            name=f"{column}prefix",
            field=f"{field}prefix",
            kind="text",
            keep_blank=True,
            meaning="International prefix with plus sign; blank is sent.",
        ),
    )


def postal_address(*, inside: str) -> tuple[Column, ...]:
    """Return columns of a postal address; blank but not NULL values are sent where the guides send them."""
    street = f"{inside}.structured_street_address"
    return (
        *columns(
            kind="text",
            inside=inside,
            meanings={
                "administrative_area": "State or territory.",
                "country": "Two-letter country code.",
                "locality": "Suburb or town.",
                "postal_code": "Postcode, four digits.",
            },
        ),
        *columns(
            kind="text",
            inside=inside,
            keep_blank=True,
            meanings={
                "delivery_point_identifier": "Number of the postal delivery point; blank is sent.",
                "dependent_locality": "Part of the town; blank is sent.",
                "sorting_code": "Sorting code; blank is sent.",
                "street_address": "The street address as one line; blank is sent.",
            },
        ),
        *columns(
            kind="text",
            inside=street,
            meanings={
                "house_number_1": "House number.",
                "flat_or_unit_number": "Number of the flat.",
                "flat_or_unit_type": "What kind of flat, for example U.",
                "street_name": "Name of the street.",
                "street_type": "What kind of street, for example RD.",
                "postal_delivery_number_value": "Number of a post office box.",
                "postal_delivery_type": "What kind of box, for example PO BOX.",
            },
        ),
        *columns(
            kind="text",
            inside=street,
            keep_blank=True,
            meanings={"building_or_property_name": "Name of the building; blank is sent."},
        ),
    )
