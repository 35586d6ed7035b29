"""When a business is billed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transforms.dialects.edf_accounts.rules.money import billed_to
from transforms.rules.engine import Document, Fault, Rule, object_rule, served
from transforms.rules.ledgers import booked

_OPTIONS: Final = "account_billing_options"
_PERIOD: Final = ("period_length", "period_start_day")


def rules() -> tuple[Rule, ...]:
    """When a business is billed."""
    return (*_of_account(), *_of_options())


def _of_account() -> tuple[Rule, ...]:
    """What a business account needs to be billed."""
    return (
        *served("EnergyAccount", _no_start),
        *served("EnergyAccount.account_billing_options", _domestic, _next_bill_missing),
    )


def _of_options() -> tuple[Rule, ...]:
    """What the options of billing must be together."""
    return (*served("EnergyAccountBillingOptions", _period_missing, _period_of_industry),)


@object_rule(
    "cannot_determine_responsible_for_billing_from_date",
    "Billing starts from a day of billing, the close of a statement or an agreement.",
    fields=("last_billed_to_date",),
)
def _no_start(account: Document) -> Iterator[Fault]:
    books = (account, *(account.get("ledgers") or ()))
    if account.get("account_type") == "PORTFOLIO_LEAD" or account.get("last_billed_to_date"):
        return
    if any(book.get("last_statement_closing_date") for book in books) or any(billed_to(account)):
        return
    if not any(point.get("agreements") for point in booked(account, "supply_addresses.meter_points")):
        yield Fault("last_billed_to_date")


@object_rule(
    "account_billing_options_provided_for_domestic_accounts",
    "Only business accounts say when they are billed.",
    fields=(_OPTIONS,),
    needs=(_OPTIONS,),
)
def _domestic(account: Document) -> Iterator[Fault]:
    if account[_OPTIONS] and str(account.get("account_type") or "").startswith("DOMESTIC"):
        yield Fault(_OPTIONS)


@object_rule(
    "next_bill_to_date_not_provided_for_quarterly_billing",
    "A quarterly bill that Kraken triggers needs the day of the next one.",
    fields=("next_bill_due_date",),
    needs=(_OPTIONS,),
)
def _next_bill_missing(account: Document) -> Iterator[Fault]:
    options = account[_OPTIONS]
    is_kraken_quarterly = (
        options.get("use_industry_billing") is False and options.get("period_length") == "QUARTERLY"
    )
    if is_kraken_quarterly and not account.get("next_bill_due_date"):
        yield Fault("next_bill_due_date")


@object_rule(
    "account_billing_options_period_data_required",
    "Unless the industry triggers bills, their period has a length and a first day.",
    path=_OPTIONS,
    fields=_PERIOD,
)
def _period_missing(options: Document) -> Iterator[Fault]:
    if not options.get("use_industry_billing"):
        yield from (Fault(name) for name in _PERIOD if options.get(name) is None)


@object_rule(
    "account_billing_options_industry_billing_with_period_data",
    "Where the industry triggers bills, they have no period of their own.",
    path=_OPTIONS,
    fields=("use_industry_billing",),
)
def _period_of_industry(options: Document) -> Iterator[Fault]:
    if options.get("use_industry_billing") and any(options.get(name) is not None for name in _PERIOD):
        yield Fault("use_industry_billing")
