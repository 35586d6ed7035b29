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
    Frame(
        name="accounts",
        key=ACCOUNT,
        columns=(
            Column(
                name="account_class",
                field="account_type",
                kind="code",
                codes=_ACCOUNT_CLASS,
                expected=True,
                meaning="Kind of account.",
            ),
            Column(
                name="operations_team",
                field="operations_team_name",
                kind="configured",
                setting="operations_teams",
                meaning="Team that looks after the account.",
            ),
        ),
    ),
    Frame(
        name="customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        expected=True,
        columns=person("given_name", "family_name", "email", "mobile", "landline"),
    ),
    replace(USER_DETAILS, columns=expecting(*USER_DETAILS.columns)),
    Frame(
        name="supply_addresses",
        key=_ADDRESS,
        parent="accounts",
        target="supply_addresses",
        expected=True,
        columns=(
            Column(
                name="customer_at_supply_address_from_date",
                kind="date",
                expected=True,
                meaning="Since when the customer has it.",
            ),
            *columns(
                kind="text",
                inside="supply_address",
                expected=True,
                meanings={
                    "locality": "Town.",
                    "postal_code": "Postcode, NNNN-NNN.",
                    "country": "Two-letter country code.",
                },
            ),
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
    ),
    Frame(
        name="supply_points",
        key=_SUPPLY_POINT,
        parent="supply_addresses",
        target="supply_points",
        expected=True,
        columns=(
            Column(name="identifier", kind="text", required=True, meaning="CPE or CUI."),
            Column(
                name="fuel",
                field="supply_type",
                kind="code",
                codes=_FUEL,
                expected=True,
                meaning="Electricity or gas.",
            ),
        ),
    ),
    Frame(
        name="agreements",
        key=(*_SUPPLY_POINT, "agreement_key"),
        parent="supply_points",
        target="agreements",
        columns=expecting(*AGREEMENT),
    ),
)
