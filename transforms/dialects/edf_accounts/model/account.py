"""An account, and the smaller things that belong to it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transforms.dialects.edf_accounts.model.agreements import SalesChannel
from transforms.dialects.edf_accounts.model.feed_in import FeedIn
from transforms.dialects.edf_accounts.model.payments import (
    CommissionContract,
    ContributionAgreement,
    Debt,
    DepositAgreement,
    DunningPath,
    PaymentInstruction,
    PaymentPlan,
    PaymentPromise,
    PaymentReview,
    PaymentSchedule,
)
from transforms.dialects.edf_accounts.model.people import (
    AccountNote,
    Address,
    Business,
    Complaint,
    Consent,
    Customer,
    PartnerOrganisation,
    Portfolio,
)
from transforms.dialects.edf_accounts.model.preferences import PaymentPreference
from transforms.dialects.edf_accounts.model.supply import SupplyAddress
from transforms.dialects.edf_accounts.model.transactions import Ledger, Transaction
from transforms.dialects.edf_accounts.model.values import DeliveryPoint, Email, Line
from transforms.models.base import Entity, IsoDate, Metadata, Money, Payload


class BillingOptions(Entity):
    """When bills are made."""

    period_length: Literal["MONTHLY", "QUARTERLY"] | None = None
    period_length_multiplier: int | None = None
    period_start_day: Annotated[int, Field(ge=1, le=28)] | None = None
    period_start_month: Annotated[int, Field(ge=1, le=12)] | None = None
    use_industry_billing: bool | None = None


class AccountReference(Entity):
    """An identifier of the account in some other system."""

    namespace: Annotated[str, Field(max_length=50)]
    value: Annotated[str, Field(max_length=100)]


class Statement(Entity):
    """A bill that was sent; the amount is in pence."""

    bill_period_from_date: IsoDate
    bill_period_to_date: IsoDate
    statement_path: str | None = None
    statement_id: str
    number: str | None = None
    issued_date: IsoDate | None = None
    gross_amount: int | None = None


class WarmHomeDiscount(Entity):
    """A warm home discount of one tax year."""

    tax_year: str | None = None
    account_type: Literal["CREDIT", "PREPAY"] | None = None
    group: Literal["CORE", "BROADER"] | None = None


class Campaign(Entity):
    """A campaign that the account belongs to; the campaigns are configured in Kraken."""

    slug: str | None = None
    campaign_note: str | None = None
    start_date: IsoDate | None = None
    expiry_date: IsoDate | None = None


class EnergyAccount(Payload):
    """The payload."""

    external_account_number: Annotated[str, Field(max_length=128)] | None = None
    unknown_occupier: bool | None = None
    customers: list[Customer] | None = None
    business: Business | None = None
    billing_name: Annotated[str, Field(max_length=510)] | None = None
    billing_sub_name: Annotated[str, Field(max_length=256)] | None = None
    billing_attention_of: Annotated[str, Field(max_length=256)] | None = None
    billing_customer_reference: Annotated[str, Field(max_length=256)] | None = None
    billing_email: Email | None = None
    billing_address: Address | None = None
    billing_address1: Line | None = None
    billing_address2: Line | None = None
    billing_address3: Line | None = None
    billing_address4: Line | None = None
    billing_address5: Line | None = None
    billing_postcode: Line | None = None
    billing_delivery_point_identifier: DeliveryPoint | None = None
    account_type: (
        Literal[
            "DOMESTIC",
            "BUSINESS",
            "MANAGED",
            "PORTFOLIO_LEAD",
            "DOMESTIC_VACANT",
            "BUSINESS_VACANT",
            "DOMESTIC_OCCUPIER",
            "BUSINESS_OCCUPIER",
            "SYSTEM",
            "DOMESTIC_THIRD_PARTY_BILLED",
            "BUSINESS_THIRD_PARTY_BILLED",
        ]
        | None
    ) = None
    portfolio: Portfolio | None = None
    partner_organisations: list[PartnerOrganisation] | None = None
    sales_channel: Literal[SalesChannel, ""] | None = None
    sales_subchannel: str | None = None
    affiliate_subdomain: str | None = None
    operations_team_name: str | None = None
    date_of_sale: IsoDate | None = None
    commission_contracts: list[CommissionContract] | None = None
    supply_addresses: list[SupplyAddress] | None = None
    fit: FeedIn | None = None
    transfer_balance: Money | None = None
    ledgers: list[Ledger] | None = None
    current_statement_transactions: list[Transaction] | None = None
    historical_statement_transactions: list[Transaction] | None = None
    last_statement_closing_date: IsoDate | None = None
    last_statement_balance: Money | None = None
    last_statement_issue_date: IsoDate | None = None
    last_billed_to_date: IsoDate | None = None
    account_billing_options: BillingOptions | None = None
    payment_schedules: list[PaymentSchedule] | None = None
    payment_instructions: list[PaymentInstruction] | None = None
    payment_preferences: list[PaymentPreference] | None = None
    payment_plans: list[PaymentPlan] | None = None
    payment_promises: list[PaymentPromise] | None = None
    payment_adequacy_changes: list[PaymentReview] | None = None
    deposit_agreements: list[DepositAgreement] | None = None
    contribution_agreements: list[ContributionAgreement] | None = None
    references: list[AccountReference] | None = None
    notes: list[AccountNote] | None = None
    statements: list[Statement] | None = None
    warm_home_discount: list[WarmHomeDiscount] | None = None
    dunning_path: DunningPath | None = None
    debts: list[Debt] | None = None
    complaints: list[Complaint] | None = None
    consents: list[Consent] | None = None
    last_payment_review_date: IsoDate | None = None
    next_bill_due_date: IsoDate | None = None
    smart_read_frequency: Literal["MONTHLY", "DAILY", "HALF_HOURLY", "DENIED", ""] | None = None
    smart_read_cycle_day: int | None = None
    communication_preference: Literal["ONLINE", "PRINT"] | None = None
    document_accessibility: Literal["LARGE_PRINT", "BRAILLE", "SPOKEN", ""] | None = None
    language_preference: Literal["en-gb", "en-us", "es-419", "fr-fr"] | None = None
    account_campaigns: list[Campaign] | None = None
    metadata: list[Metadata] | None = None
