"""The people of an account, and where it is supplied."""

from __future__ import annotations

from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    CUSTOMER,
    person,
    preferences,
)

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_PERSON: Final = person(
    "title", "given_name", "family_name", "email", "mobile", "landline", "salutation", "date_of_birth"
)
_DECEASED: Final = Column(
    name="deceased",
    kind="code",
    codes=codes.DECEASED,
    meaning="Whether a death is reported or confirmed.",
)

FRAMES: Final = (
    Frame(
        name="customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        required=True,
        unless={"unknown_occupier": (True,), "account_type": codes.NOBODYS},
        columns=(
            *_PERSON,
            _DECEASED,
            Column(name="contact_emails", kind="texts", meaning="Further email addresses."),
            *preferences(
                "opted_into_sms",
                "opted_into_recommended",
                "opted_into_updates",
                "opted_into_third_parties",
                "opted_into_offers",
                "is_user_psr_consent_obtained",
            ),
        ),
    ),
    Frame(
        name="priority_services",
        key=(*CUSTOMER, "priority_service_key"),
        parent="customers",
        target="psr",
        columns=(
            *columns(
                kind="text",
                meanings={
                    "elec_industry_code": "Code of the need in electricity.",
                    "gas_industry_code": "Code of the need in gas.",
                },
            ),
            Column(name="effective_from", kind="date", meaning="Since when."),
            Column(name="effective_to", kind="date", meaning="When it was taken off the register."),
        ),
    ),
    Frame(
        name="supply_addresses",
        key=_ADDRESS,
        parent="accounts",
        target="supply_addresses",
        required=True,
        unless={"account_type": codes.WITHOUT_PROPERTY},
        columns=(
            Column(name="supply_address1", kind="text", required=True, meaning="First line of the address."),
            *columns(
                kind="text",
                keep_blank=True,
                meanings={
                    f"supply_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)
                },
            ),
            Column(name="supply_postcode", kind="text", required=True, meaning="Postcode of it."),
            Column(
                name="is_landlord",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether the customer lets it; blank is not known.",
            ),
            Column(
                name="customer_at_supply_address_from_date",
                kind="date",
                required=True,
                meaning="Since when the customer has it.",
            ),
            Column(
                name="customer_at_supply_address_to_date",
                kind="date",
                meaning="Until when; empty while the customer has it.",
            ),
        ),
    ),
    Frame(
        name="property_administrators",
        key=(*_ADDRESS, "administrator_key"),
        parent="supply_addresses",
        target="property_administrators",
        columns=(*_PERSON, _DECEASED),
    ),
)
