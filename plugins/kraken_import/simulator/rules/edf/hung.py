"""What addresses, notes, portfolios, references, contributions and the like are refused for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Check, Context, Found
from kraken_import.simulator.rules.edf.book import BOOK, add_order, repeated
from kraken_import.simulator.rules.values import (
    as_day,
    is_british_postcode,
    is_delivery_point,
    is_mpan,
    is_mprn,
    objects,
)

_TAX_YEAR: Final = re.compile(r"\d{4}/\d{2}", re.ASCII)
_PORTFOLIO: Final = re.compile(r"P-[A-Z0-9]{8}", re.ASCII)


def _postcode(field: str) -> Check:
    def check(address: Found, _: Context) -> Iterator[Breach]:
        value = address.get(field)
        is_abroad = (address.get("country") or "GB").upper() != "GB"
        if value and not is_abroad and not is_british_postcode(value=value):
            yield Breach(field, f"{value} is not a valid postcode.")

    return check


def _delivery_point(field: str) -> Check:
    def check(holder: Found, _: Context) -> Iterator[Breach]:
        if not is_delivery_point(value=holder.get(field) or ""):
            yield Breach(field, "Capital letters and numbers alone.")

    return check


for _kind, _field, _what in (
    ("Address", "postal_code", " of a British address"),
    ("EnergyLegacySupplyAddress", "supply_postcode", ""),
    ("EnergyAddress", "postcode", ""),
):
    _says = f"{_field}{_what}: not of the form of a British postcode."
    BOOK.add("invalid_postcode", on=_kind, at=_field, says=_says, check=_postcode(_field))
for _kind, _field in (
    ("EnergyAccount", "billing_delivery_point_identifier"),
    ("Address", "delivery_point_identifier"),
    ("EnergyLegacySupplyAddress", "supply_delivery_point_identifier"),
):
    _code = "invalid_delivery_point_identifier"
    _says = f"{_field}: has more in it than capital letters and numbers."
    BOOK.add(_code, on=_kind, at=_field, says=_says, check=_delivery_point(_field))

add_order("effective_from", "effective_to", "EnergyCommissionContract")
add_order("valid_from", "valid_to", "PartnerOrganisation")
add_order("active_period_start_date", "active_period_end_date", "ContributionSchemeAgreement")
add_order("start_date", "end_date", "ContributionSchemePeriod")
add_order(
    "start_date", "expiry_date", "AccountCampaign", code="start_date_same_as_end_date", may_be_equal=False
)
add_order("created_at", "unpin_at", "Note", code="note_unpin_at_earlier_than_creation_date")


@BOOK.rule("invalid_supply_point_identifier", on="EnergyCommissionContract", at="mpxn")
def _mpxn(contract: Found, _: Context) -> Iterator[Breach]:
    """mpxn: no MPAN and no MPRN."""
    value = contract["mpxn"]
    if not is_mpan(value=value) and not is_mprn(value=value):
        yield Breach("mpxn", f"{value} is not a valid supply point identifier.")


@BOOK.rule("campaign_name_and_slug_provided", "campaign_name_or_slug_not_provided", on="AccountCampaign")
def _campaign(campaign: Found, _: Context) -> Iterator[Breach]:
    """campaign_name and slug are both given, or neither."""
    given = [name for name in ("campaign_name", "slug") if campaign.get(name)]
    if len(given) == 2:
        yield Breach("slug", "Give one of campaign_name and slug.", "campaign_name_and_slug_provided")
    if not given:
        yield Breach("slug", "Give one of campaign_name and slug.", "campaign_name_or_slug_not_provided")


@BOOK.rule(
    "account_billing_options_industry_billing_with_period_data",
    "account_billing_options_period_data_required",
    on="EnergyAccountBillingOptions",
)
def _options(options: Found, _: Context) -> Iterator[Breach]:
    """Industry billing has a period, or other billing lacks period_start_day or period_length."""
    given = [name for name in ("period_start_day", "period_length") if options.get(name) is not None]
    if options.get("use_industry_billing"):
        if given:
            code = "account_billing_options_industry_billing_with_period_data"
            yield Breach(given[0], "Industry billing has no period.", code)
    elif len(given) < 2:
        code = "account_billing_options_period_data_required"
        yield Breach("", "The start day and the length of the period are needed.", code)


def _scheme_periods(agreement: Found) -> list[tuple[int, date, date]]:
    days = [
        (index, as_day(each["start_date"]), as_day(each["end_date"]))
        for index, each in objects(agreement.get("periods"))
    ]
    return [(index, start, end) for index, start, end in days if start and end]


@BOOK.rule(
    "invalid_contribution_period_start_date",
    "invalid_contribution_period_end_date",
    "overlapping_contribution_periods",
    on="ContributionSchemeAgreement",
)
def _contributions(agreement: Found, _: Context) -> Iterator[Breach]:
    """A period begins before its agreement, ends after it, or overlaps another; its end is exclusive."""
    first = as_day(agreement["active_period_start_date"])
    last = as_day(agreement.get("active_period_end_date"))
    periods = _scheme_periods(agreement)
    for index, start, end in periods:
        if first and start < first:
            path = f"periods.{index}.start_date"
            yield Breach(path, "It begins before its agreement.", "invalid_contribution_period_start_date")
        if last and end > last:
            path = f"periods.{index}.end_date"
            yield Breach(path, "It ends after its agreement.", "invalid_contribution_period_end_date")
    spans = sorted((start, end) for _, start, end in periods)
    if any(start < end for (_, end), (start, _) in pairwise(spans)):
        yield Breach("periods", "Two periods overlap.", "overlapping_contribution_periods")


@BOOK.rule("overlapping_contribution_agreements", on="EnergyAccount", at="contribution_agreements")
def _schemes(account: Found, _: Context) -> Iterator[Breach]:
    """Two agreements of one scheme overlap; their ends are inclusive."""
    spans = sorted(
        (each["scheme"], each["active_period_start_date"], each.get("active_period_end_date") or "9999-12-31")
        for _, each in objects(account.get("contribution_agreements"))
    )
    if any(one == other and start <= end for (one, _, end), (other, start, _) in pairwise(spans)):
        yield Breach("contribution_agreements", "Two agreements of one scheme overlap.")


@BOOK.rule("note_body_or_document_path_not_found", on="Note")
def _note(note: Found, _: Context) -> Iterator[Breach]:
    """There is neither a body nor a document path."""
    if not (note.get("body") or "").strip() and not note.get("document_paths"):
        yield Breach("", "A note needs a body or a document.")


@BOOK.rule("incorrect_format_for_tax_year", on="EnergyWarmHomeDiscount", at="tax_year")
def _tax_year(discount: Found, _: Context) -> Iterator[Breach]:
    """tax_year: not of the form 2018/19."""
    year = discount.get("tax_year")
    if year is not None and not _TAX_YEAR.fullmatch(year):
        yield Breach("tax_year", f"{year} is not of the form YYYY/YY.")


@BOOK.rule("payment_instruction_details_incomplete", on="EnergyFit")
def _bacs(fit: Found, _: Context) -> Iterator[Breach]:
    """payment_method is BACS, and vendor_name or instruction_reference is left out."""
    if fit["payment_method"] == "BACS":
        for name in ("vendor_name", "instruction_reference"):
            if not fit.get(name):
                yield Breach(name, "BACS needs this.")


@BOOK.rule("missing_contract_identifier", on="Business", source="served: BusinessWithExistingContracts")
def _contract(business: Found, _: Context) -> Iterator[Breach]:
    """Business contracts must exist already, and none is named."""
    names = ("business_contract_identifiers", "business_contract_identifier")
    if business.get("enforce_business_contracts_exist") and not any(business.get(name) for name in names):
        yield Breach(names[0], "Name a contract.")


@BOOK.rule("reference_already_exists", on="AccountReference")
def _reference(reference: Found, context: Context) -> Iterator[Breach]:
    """Another account that is in Kraken has this reference."""
    if context.is_taken(reference["namespace"], reference["value"]):
        yield Breach("value", "Another account has this reference.")


@BOOK.rule("invalid_portfolio_number", on="AgreementIntermediaryDetails", at="portfolio_number")
def _portfolio(intermediary: Found, _: Context) -> Iterator[Breach]:
    """portfolio_number: not of the form P- and eight capitals or digits."""
    number = intermediary["portfolio_number"]
    if not _PORTFOLIO.fullmatch(number):
        detail = f"{number} is not a portfolio number."
        yield Breach("portfolio_number", detail)


@BOOK.rule(
    "portfolio_references_missing",
    "duplicate_portfolio_references",
    on=("AccountPortfolio", "BusinessPortfolio"),
)
def _portfolio_references(portfolio: Found, _: Context) -> Iterator[Breach]:
    """There are settings and no reference, or two references have one namespace."""
    references = portfolio.get("portfolio_references")
    if portfolio.get("portfolio_settings") and not references:
        yield Breach("portfolio_references", "Settings need a reference.", "portfolio_references_missing")
    if repeated(each["namespace"] for _, each in objects(references)):
        yield Breach("portfolio_references", "A namespace is there twice.", "duplicate_portfolio_references")


@BOOK.rule("smart_refusal_reason_given_for_interest", on="EnergySmartRefusalInterest")
def _refusal(interest: Found, _: Context) -> Iterator[Breach]:
    """type is INTERESTED, and there is a reason of refusal."""
    if interest["type"] == "INTERESTED" and interest.get("refusal_reason"):
        yield Breach("refusal_reason", "Interest needs no reason of refusal.")


@BOOK.rule(
    "payment_instructions_ledger_code_uniformity_failed", on="EnergyAccount", at="payment_instructions"
)
def _instructions(account: Found, _: Context) -> Iterator[Breach]:
    """Some instructions have a ledger code and others have none."""
    if len({bool(each.get("ledger_code")) for _, each in objects(account.get("payment_instructions"))}) > 1:
        yield Breach("payment_instructions", "All need a ledger code, or none has one.")
