"""The people of an account, and where it is supplied."""

from __future__ import annotations

from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import ACCOUNT, CUSTOMER, person, preferences

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_PERSON: Final = person(
    "title", "given_name", "family_name", "email", "mobile", "landline", "salutation", "date_of_birth"
)
_DECEASED: Final = Column(
    "deceased", "code", "Whether a death is reported or confirmed.", codes=codes.DECEASED
)

FRAMES: Final = (
    Frame(
        "customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        required=True,
        unless={"unknown_occupier": (True,), "account_type": codes.NOBODYS},
    ).having(
        *_PERSON,
        _DECEASED,
        Column("contact_emails", "texts", "Further email addresses."),
        *preferences(
            "opted_into_sms",
            "opted_into_recommended",
            "opted_into_updates",
            "opted_into_third_parties",
            "opted_into_offers",
            "is_user_psr_consent_obtained",
        ),
    ),
    Frame(
        "priority_services", key=(*CUSTOMER, "priority_service_key"), parent="customers", target="psr"
    ).having(
        Column("elec_industry_code", "text", "Code of the need in electricity."),
        Column("gas_industry_code", "text", "Code of the need in gas."),
        Column("effective_from", "date", "Since when."),
        Column("effective_to", "date", "When it was taken off the register."),
    ),
    Frame(
        "supply_addresses",
        key=_ADDRESS,
        parent="accounts",
        target="supply_addresses",
        required=True,
        unless={"account_type": codes.WITHOUT_PROPERTY},
    ).having(
        Column("supply_address1", "text", "First line of the address.", required=True),
        *columns(
            kind="text",
            keep_blank=True,
            meanings={f"supply_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)},
        ),
        Column("supply_postcode", "text", "Postcode of it.", required=True),
        Column(
            "is_landlord", "code", "Whether the customer lets it; blank is not known.", codes=OPTIONAL_FLAG
        ),
        Column(
            "customer_at_supply_address_from_date", "date", "Since when the customer has it.", required=True
        ),
        Column("customer_at_supply_address_to_date", "date", "Until when; empty while the customer has it."),
    ),
    Frame(
        "property_administrators",
        key=(*_ADDRESS, "administrator_key"),
        parent="supply_addresses",
        target="property_administrators",
    ).having(*_PERSON, _DECEASED),
)
