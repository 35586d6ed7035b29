"""Essential Energy supply points, revision `accounts`.

A supply point of the distribution network with the accounts there: their customers, and who is to be told
of an outage. Source: the supply-point import guide.
"""

from __future__ import annotations

from transforms.answers import Answers
from transforms.dialect import Column, Dialect, Frame
from transforms.frames.accounts import person
from transforms.frames.australia import (
    SUPPLY_POINT,
    SUPPLY_POINTS,
    WORDS,
    outage_contact,
    phone,
    postal_address,
)
from transforms.models.australia import OutageContact, Phone, PostalAddress, SupplyPointPayload
from transforms.models.base import Entity, IsoDate
from transforms.rules import australia, contacts
from transforms.rules.engine import Circumstances, Rule, inferred
from transforms.rules.values import shown_by_guide


class Customer(Entity):
    """A person with a part in the account."""

    title: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    mobile: str | None = None
    landline: str | None = None
    salutation: str | None = None
    account_roles: list[str] | None = None
    postal_address: PostalAddress | None = None


class AccountContact(OutageContact):
    """An outage contact with at most two telephones, which are all that the guide has."""

    phone_1: Phone | None = None
    phone_2: Phone | None = None


class Account(Entity):
    """An account at the supply point."""

    account_type: str | None = None
    customer_at_supply_address_from_date: IsoDate | None = None
    customers: list[Customer] | None = None
    outage_contact: AccountContact | None = None


class SupplyPointWithAccounts(SupplyPointPayload):
    """The payload; a point that supplies no account today has none."""

    accounts: list[Account] | None = None


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one region."""
    customer, contact = "accounts.customers", "accounts.outage_contact"
    return (
        *australia.point_rules(),
        *inferred(
            # What EDF's Kraken serves for the same field.
            shown_by_guide(
                "accounts.account_type", "DOMESTIC_THIRD_PARTY_BILLED", "BUSINESS_THIRD_PARTY_BILLED"
            ),
            shown_by_guide(f"{customer}.account_roles", "ADMIN", *given.named("account_roles")),
            australia.existing_phones(customer, numbers=("mobile", "landline"), region=given.region),
            australia.usual_phones(customer, numbers=("mobile", "landline"), region=given.region),
            *contacts.email_rules(f"{customer}.email"),
            *contacts.readable(f"{customer}.given_name", f"{customer}.family_name"),
        ),
        *australia.address_rules(f"{customer}.postal_address"),
        *australia.contact_rules(contact, phones=("phone_1", "phone_2"), given=given),
    )


_ACCOUNT = (*SUPPLY_POINT, "account_key")

_NOT_A_POINT = "invalid_delivery_point_identifier"
"""The one thing that EDF's document, which states the same form of an address, says of this field."""

ANSWERS = Answers(
    paths={
        "accounts.customers.postal_address.delivery_point_identifier": _NOT_A_POINT,
        "accounts.outage_contact.postal_address.delivery_point_identifier": _NOT_A_POINT,
    }
)

DIALECT = Dialect(
    name="essential_supply_points_accounts",
    title="Essential Energy supply points (accounts)",
    resource="supply-points",
    market="AU",
    zone="Australia/Sydney",
    identifier_path=("supply_point", "identifier"),
    default_import_supplier="TEST_SUPPLIER",
    model=SupplyPointWithAccounts,
    rules=rules,
    answers=ANSWERS,
    default_values=WORDS,
    frames=(
        SUPPLY_POINTS,
        Frame("accounts", key=_ACCOUNT, parent="supply_points", target="accounts", send_empty=True).having(
            Column(
                "account_class",
                "code",
                "Kind of account.",
                field="account_type",
                codes={"DTB": "DOMESTIC_THIRD_PARTY_BILLED", "BTB": "BUSINESS_THIRD_PARTY_BILLED"},
                expected=True,
            ),
            Column(
                "customer_at_supply_address_from_date",
                "date",
                "Since when the customer has the property.",
                expected=True,
            ),
            *outage_contact(),
            *phone(inside="outage_contact.phone_1", name="phone_1"),
            *phone(inside="outage_contact.phone_2", name="phone_2"),
            Column(
                "phone_3",
                "unsent",
                "A third number: Kraken takes two, so it is left out, with a warning.",
                field="outage_contact.phone_3",
            ),
        ),
        Frame(
            "customers", key=(*_ACCOUNT, "customer_key"), parent="accounts", target="customers", expected=True
        ).having(
            *person("title", "given_name", "family_name", "email", "mobile", "landline", "salutation"),
            Column(
                name="account_roles",
                kind="codes",
                # The only one that the guide names.
                codes={"HLD": "ADMIN"},
                setting="account_roles",
                expected=True,
                meaning="The person's roles in the account.",
            ),
            *postal_address(inside="postal_address"),
        ),
    ),
)
