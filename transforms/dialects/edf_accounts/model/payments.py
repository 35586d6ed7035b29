"""How the customer pays, what was agreed about it, and what is owed."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from transforms.dialects.edf_accounts.model.values import NotNegative, Reference, SmallMoney, Uplift
from transforms.models.base import Entity, IsoDate, IsoTime, Money

Vendor: TypeAlias = Literal[
    "STRIPE", "BOTTOMLINE_GLOBAL_PAYMENTS_HUB", "BOTTOMLINE_PTX", "BOTTOMLINE_PTX_BATCHED"
]
Means: TypeAlias = Literal["DD", "CARD", "MANUAL", "PAYMENT_SLIP"]


class Instalment(Entity):
    """A payment of a plan that counts them out; no kinds of it are configured."""

    amount: SmallMoney
    payment_date: IsoDate
    payment_type: Literal[""] | None = None


class PaymentSchedule(Entity):
    """A regular payment."""

    amount: SmallMoney | None = None
    day_of_month: int | None = None
    frequency: (
        Literal["MONTHLY", "QUARTERLY", "WEEKLY", "FORTNIGHTLY", "FOUR_WEEKLY", "ANNUALLY", "SIX_MONTHLY"]
        | None
    ) = None
    means: Means
    start_date: IsoDate
    end_date: IsoDate | None = None
    is_debt_repayment_plan: bool | None = None
    debt_repayment_element: SmallMoney | None = None
    debt_repayment_end_date: IsoDate | None = None
    paid_by: Literal["CUSTOMER", "FUEL_DIRECT"] | None = None
    trigger: Literal["PLAN", "REGULAR", "REGULAR_PLAN", "BALANCE", "BILL"] | None = None
    balance_threshold: SmallMoney | None = None
    delay_strategy: Literal["FIXED", "WORKING_DAYS"] | None = None
    delay_days: int | None = None
    exempt_from_payment_adequacy: bool | None = None
    instalments: list[Instalment] | None = None
    ledger_code: str | None = None


class PlannedPart(Entity):
    """What a part of a planned payment is for, in pence; the kinds depend on the plan's strategy."""

    amount: NotNegative
    component_type: str


class PlannedPayment(Entity):
    """A payment of a plan, in pence."""

    payment_date: IsoDate
    total_amount: NotNegative
    amount_components: list[PlannedPart]


class PaymentPlan(Entity):
    """A plan of payments that the customer agreed to."""

    accepted_at: IsoTime
    strategy_name: str
    schedule_means: Means
    payments: list[PlannedPayment]


class PaymentPromise(Entity):
    """A payment that the customer promised."""

    amount: SmallMoney
    payment_date: IsoDate
    ledger_code: str | None = None


class PaymentInstruction(Entity):
    """The mandate, or the like, that payments are taken with."""

    type: Literal["BPAY", "CARD", "CUSTOM", "DIRECT_DEBIT", "GMO_REFUND", "PAYMENT_SLIP"]
    vendor: Vendor
    reference: Reference
    customer_reference: Reference | None = None
    instruction_identifier: str | None = None
    valid_from: IsoDate | None = None
    use_for_scheduled_payments: bool | None = None
    ledger_code: str | None = None


class LedgerReference(Entity):
    """One of the account's ledgers."""

    ledger_code: str
    ledger_identifier: str | None = None


class PaymentReview(Entity):
    """A review of whether the payments are high enough; amounts in pence."""

    created_at: IsoTime
    applied_at: IsoTime | None = None
    should_not_be_applied_reason: Annotated[str, Field(max_length=512)] | None = None
    current_balance: int
    target_balance: int
    balance_adjustment: int
    average_monthly_charge: NotNegative
    average_monthly_elec_charge: NotNegative
    average_monthly_gas_charge: NotNegative
    existing_direct_debit_payment: NotNegative
    new_direct_debit: NotNegative
    ledger: LedgerReference | None = None


class DunningPath(Entity):
    """The collections path that the account is on."""

    path_name: Annotated[str, Field(max_length=256)]
    start_date: IsoDate | None = None


class AgedDebt(Entity):
    """A part of a debt with its due date."""

    debt_amount: SmallMoney | None = None
    due_date: IsoDate | None = None


class Debt(Entity):
    """A debt, and the agency that collects it."""

    agency_name: Annotated[str, Field(max_length=256)] | None = None
    campaign: Annotated[str, Field(max_length=256)] | None = None
    cais_reference: str | None = None
    start_date: IsoDate | None = None
    is_insolvent: bool | None = None
    notes: Annotated[str, Field(max_length=256)] | None = None
    aged_debt: list[AgedDebt] | None = None


class DepositAgreement(Entity):
    """A deposit that the customer agreed to pay."""

    deposit_amount: Money
    reason: str
    accepted_at: IsoTime | None = None
    fulfilled_at: IsoTime | None = None
    last_interest_date: IsoDate | None = None


class ContributionPeriod(Entity):
    """A period of a contribution."""

    start_date: IsoDate
    end_date: IsoDate
    fulfilled_at: IsoTime | None = None


class ContributionAgreement(Entity):
    """A fixed sum that the account gives to a scheme again and again."""

    scheme: str
    amount: Money
    interval: Literal["MONTHLY", "QUARTERLY"]
    active_period_start_date: IsoDate
    active_period_end_date: IsoDate | None = None
    periods: list[ContributionPeriod] | None = None


class CommissionContract(Entity):
    """What a broker earns with a meter point."""

    affiliate_organisation_name: Annotated[str, Field(max_length=128)]
    mpxn: str
    effective_from: IsoDate
    effective_to: IsoDate
    status: Literal["PAID", "PAYABLE"]
    unit_rate_uplift: Uplift | None = None
    standing_charge_uplift: Uplift | None = None
