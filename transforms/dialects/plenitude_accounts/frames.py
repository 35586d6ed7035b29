"""The columns that the SQL of a Plenitude account must return, and the codes of its legacy system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from transforms.dialect import CodeValue, Column, Frame, columns, expecting
from transforms.frames.accounts import ACCOUNT, AGREEMENT, CUSTOMER, USER_DETAILS, person

_ACCOUNT_CLASS: Final[Mapping[str, CodeValue]] = {"DOM": "DOMESTIC", "BUS": "BUSINESS"}
_FUEL: Final[Mapping[str, CodeValue]] = {"E": "ELECTRICITY", "G": "GAS"}

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_SUPPLY_POINT: Final = (*_ADDRESS, "supply_point_key")

FRAMES: Final = (
    Frame("accounts", key=ACCOUNT).having(
        Column(
            "account_class",
            "code",
            "Kind of account.",
            field="account_type",
            codes=_ACCOUNT_CLASS,
            expected=True,
        ),
        Column(
            "operations_team",
            "configured",
            "Team that looks after the account.",
            field="operations_team_name",
            setting="operations_teams",
        ),
    ),
    Frame(
        "customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        expected=True,
        columns=person("given_name", "family_name", "email", "mobile", "landline"),
    ),
    replace(USER_DETAILS, columns=expecting(*USER_DETAILS.columns)),
    Frame(
        "supply_addresses", key=_ADDRESS, parent="accounts", target="supply_addresses", expected=True
    ).having(
        Column(
            "customer_at_supply_address_from_date", "date", "Since when the customer has it.", expected=True
        ),
        Column("locality", "text", "Town.", field="supply_address.locality", expected=True),
        Column(
            "postal_code", "text", "Postcode, NNNN-NNN.", field="supply_address.postal_code", expected=True
        ),
        Column("country", "text", "Two-letter country code.", field="supply_address.country", expected=True),
        *columns(
            kind="text",
            inside="supply_address.structured_street_address",
            meanings={
                "street_type": "What kind of street, for example R or AV.",
                "street_name": "Name of the street.",
                "street_number": "House number.",
                "floor": "Floor, for example 1º.",
                "door": "Door.",
                "direction": "Side of the landing, for example esq.",
            },
        ),
    ),
    Frame(
        "supply_points", key=_SUPPLY_POINT, parent="supply_addresses", target="supply_points", expected=True
    ).having(
        Column("identifier", "text", "CPE or CUI.", required=True),
        Column("fuel", "code", "Electricity or gas.", field="supply_type", codes=_FUEL, expected=True),
    ),
    Frame(
        "agreements",
        key=(*_SUPPLY_POINT, "agreement_key"),
        parent="supply_points",
        target="agreements",
        columns=expecting(*AGREEMENT),
    ),
)
