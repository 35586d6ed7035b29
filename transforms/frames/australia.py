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

SUPPLY_POINTS: Final = Frame("supply_points", key=SUPPLY_POINT).having(
    Column(
        "supply_type",
        "code",
        "Kind of supply.",
        field="supply_point.supply_type",
        codes={"ED": "ELECTRICITY_DISTRIBUTION"},
        expected=True,
    ),
    Column(
        "substation",
        "text",
        "Number of the substation that feeds the point.",
        field="supply_point.substation",
    ),
    Column(
        "critical_load",
        "code",
        "Whether a life depends on the supply; blank is unknown.",
        field="supply_point.critical_load",
        codes=OPTIONAL_FLAG,
    ),
)


def outage_contact() -> tuple[Column, ...]:
    """Return columns for the contact during outages, without telephones."""
    return (
        Column("title", "text", "Title of the person to tell.", field="outage_contact.title"),
        Column("given_name", "text", "First name.", field="outage_contact.given_name"),
        Column("family_name", "text", "Last name.", field="outage_contact.family_name"),
        Column("suffix", "text", "What follows the name.", field="outage_contact.suffix"),
        Column(
            "name_type",
            "configured",
            "Whether the name is the legal one or another.",
            field="outage_contact.name_type",
            setting="name_types",
        ),
        Column("email", "text", "E-mail address.", field="outage_contact.email_address"),
        *postal_address(inside="outage_contact.postal_address"),
    )


def phone(*, inside: str = "", name: str = "") -> tuple[Column, ...]:
    """Columns of a telephone: the row itself, or one in `inside` that may be missing, called after `name`."""
    field, column = (f"{inside}." if inside else ""), (f"{name}_" if name else "")
    return (
        Column(
            f"{column}number", "text", "Number as it is dialled.", field=f"{field}number", expected=not inside
        ),
        Column(
            f"{column}service_type",
            "configured",
            "Mobile or fixed line.",
            field=f"{field}service_type",
            setting="service_types",
        ),
        Column(
            f"{column}prefix",
            "text",
            "International prefix with plus sign; blank is sent.",
            field=f"{field}prefix",
            keep_blank=True,
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
