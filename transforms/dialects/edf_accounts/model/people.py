"""The people of an account, and the business that it belongs to."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.values import DeliveryPoint, IsoDateOrTime, Line
from transforms.models import accounts
from transforms.models.accounts import Person
from transforms.models.base import Entity, IsoTime, Metadata, Note

Deceased: TypeAlias = Literal["Reported", "Confirmed", ""]
Role: TypeAlias = Literal[
    "POWER_OF_ATTORNEY",
    "NEIGHBOUR",
    "LOA_LEVEL_1",
    "LOA_LEVEL_2",
    "LOA_LEVEL_3",
    "CARER",
    "ADMIN",
    "EXECUTOR",
    "STUDENT_HOUSE",
    "FRIEND_FAMILY_MEMBER",
]


class Address(accounts.Address):
    """An address of any country, for bills."""

    country: Annotated[str, Field(max_length=2)]
    structured_street_address: dict[str, Any] | None = None
    administrative_area: Line | None = None
    locality: Line | None = None
    dependent_locality: Line | None = None
    postal_code: Line | None = None
    sorting_code: Line | None = None
    delivery_point_identifier: DeliveryPoint | None = None


class AccountNote(Note):
    """A note, with its name in the source system."""

    created_at: IsoTime | None = None  # type: ignore[assignment]
    external_id: str | None = None
    is_archived: bool | None = None


class PriorityService(Entity):
    """A need on the priority services register."""

    elec_industry_code: str | None = None
    gas_industry_code: str | None = None
    description: str | None = None
    additional_information: str | None = None
    effective_from: IsoDateOrTime | None = None
    effective_to: IsoDateOrTime | None = None


class CustomerPreferences(accounts.CustomerPreferences):
    """The messages that the customer agreed to, and the word that visitors must know."""

    opted_into_associated_companies: bool | None = None
    opted_into_whatsapp: bool | None = None
    partner_password: Annotated[str, Field(max_length=10)] | None = None


class Consent(Entity):
    """Something a customer agreed to or refused; the kinds are configured in Kraken."""

    type: str
    value: Literal["ACCEPTED", "REJECTED", "UNKNOWN", "PENDING"]
    description: Annotated[str, Field(max_length=255)] | None = None
    signed_at: IsoTime | None = None


class AlternativePhone(Entity):
    """A further telephone number."""

    phone_number: Annotated[str, Field(max_length=32)] | None = None


class UserDetail(accounts.UserDetail):
    """The number that the customer has elsewhere."""

    namespace: Literal["external_user_id"]
    value: Any


class KnownPerson(Person):
    """A person who may log in: a customer, or a user of a business."""

    label: str | None = None
    deceased: Deceased | None = None
    alternative_phone_numbers: list[AlternativePhone] | None = None
    contact_emails: list[str] | None = None
    unable_to_read_meters: bool | None = None
    credit_assessment_id: str | None = None
    credit_result: str | None = None
    credit_risk_bracket: Literal["LOW", "MID", "HIGH", "UNKNOWN", ""] | None = None
    credit_score: Annotated[int, Field(ge=0, le=9999)] | None = None
    user_details: list[UserDetail] | None = None


class Customer(KnownPerson):
    """A person who holds the account."""

    user_identifier: str | None = None
    pronouns: (
        Literal[
            "OTHER",
            "E_EM_EIR",
            "EY_EM_EIR",
            "FAE_FAER_FAERS",
            "HE_HIM_HIS",
            "PER_PER_PERS",
            "SHE_HER_HERS",
            "THEY_THEM_THEIRS",
            "VE_VER_VIS",
            "XE_XEM_XYR",
            "ZE_HIR_HIRS",
            "ZE_ZIR_ZIRS",
            "ZIE_HIR_HIRS",
            "ZIE_ZIR_ZIRS",
            "",
        ]
        | None
    ) = None
    psr: list[PriorityService] | None = None
    customer_preferences: CustomerPreferences | None = None
    consents: list[Consent] | None = None
    account_roles: list[Role] | None = None
    portfolio_roles: list[Role] | None = None
    metadata: list[Metadata] | None = None


class PropertyAdministrator(Person):
    """The person who answers for a property, such as its landlord."""

    billing_name: Annotated[str, Field(max_length=255)] | None = None
    deceased: Deceased | None = None
    role: Literal["LANDLORD", "PROPERTY_DEVELOPER"] | None = None
    effective_from: IsoTime | None = None
    effective_to: IsoTime | None = None


class PortfolioReference(Entity):
    """A name or number of a portfolio."""

    namespace: Literal["external-portfolio-reference-id", "portfolio-label"]
    value: Annotated[str, Field(max_length=100)]


class PortfolioSettings(Entity):
    """How the accounts of a portfolio are billed and paid."""

    collective_billing: bool | None = None
    collective_payments: bool | None = None
    delegate_billing_schedule_to_children: bool | None = None
    send_collective_bill_constituent_messages: bool | None = None


class Portfolio(Entity):
    """Accounts that belong together."""

    billing_name: Annotated[str, Field(max_length=510)] | None = None
    notes: list[AccountNote] | None = None
    portfolio_references: list[PortfolioReference] | None = None
    portfolio_settings: PortfolioSettings | None = None


class BusinessPortfolio(Entity):
    """A portfolio of a business; it has at least one reference."""

    billing_name: Annotated[str, Field(max_length=510)] | None = None
    notes: list[AccountNote] | None = None
    portfolio_references: Annotated[list[PortfolioReference], Field(min_length=1)]
    portfolio_settings: PortfolioSettings | None = None


class BusinessDetail(Entity):
    """A detail of a business that has no other field."""

    key: Literal["sic_codes", "vat_number", "registered_charity_number", "ofgem_protection_label"]
    value: Any


class BusinessUser(KnownPerson):
    """A person who acts for a business."""

    business_roles: list[Role]


class Business(Entity):
    """The business of the account; the segments are configured in Kraken."""

    business_type: (
        Literal[
            "SOLE_TRADER",
            "LTD",
            "PTY_LTD",
            "PARTNERSHIP",
            "CHARITY",
            "PLC",
            "LLP",
            "TRUST",
            "TRADING_AS",
            "GOVERNMENT",
            "NON_PROFIT",
            "CHURCH",
            "HOMEOWNER_ASSOCIATION",
            "TBD",
        ]
        | None
    ) = None
    company_name: Annotated[str, Field(max_length=255)] | None = None
    company_number: Annotated[str, Field(max_length=100)] | None = None
    segment_name: str | None = None
    business_contract_identifiers: list[str] | None = None
    details: list[BusinessDetail] | None = None
    portfolios: list[BusinessPortfolio] | None = None
    users: list[BusinessUser] | None = None


class PartnerOrganisation(Entity):
    """An organisation connected with the account; the roles are configured in Kraken."""

    organisation_number: Annotated[str, Field(max_length=128)]
    role: str
    valid_from: IsoTime
    valid_to: IsoTime
    source_reference_s3_key: str | None = None


class ComplaintContact(Entity):
    """A conversation about a complaint."""

    body: str
    communication_method: Literal["LANDLINE", "MOBILE", "EMAIL", "POST"]
    communication_source: str
    created_at: IsoTime
    status: Literal["OPEN", "RESOLVED", "NO_CONTACT", "REOPENED", "DEADLOCK", "CANCELLED"]


class Complaint(Entity):
    """A complaint that is not settled yet."""

    complainant_email: str
    complainant_name: Annotated[str, Field(max_length=255)]
    complaint_contacts: list[ComplaintContact]
    created_at: IsoTime
    has_chsr_letter_been_sent: bool
    has_eight_week_letter_been_sent: bool
    type_of_complaint: str
    subtype_of_complaint: str
    official_entity: str | None = None
    official_reference_number: str | None = None
    official_status: str | None = None
