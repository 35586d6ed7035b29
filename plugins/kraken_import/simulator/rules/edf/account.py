"""What an account itself is refused for: its type, its addresses, what excludes what."""

from __future__ import annotations

from collections.abc import Iterator

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.book import (
    BOOK,
    OCCUPIER,
    add_past,
    add_unique,
    is_domestic,
    is_lead,
    meters_of,
    points_of,
    repeated,
)
from kraken_import.simulator.rules.values import objects

_ON = "EnergyAccount"
_LEGACY_ADDRESS = (*(f"billing_address{line}" for line in range(1, 6)), "billing_postcode")


@BOOK.rule("required", on=_ON, source="guides, status: the path of an import process names it")
def _is_named(account: Found, _: Context) -> Iterator[Breach]:
    """external_account_number: left out, so that the import process could not be asked about."""
    if not account.get("external_account_number"):
        yield Breach("external_account_number", "This field is required.")


@BOOK.rule("multiple_account_types_selected", on=_ON)
def _types(account: Found, _: Context) -> Iterator[Breach]:
    """account_type, is_managed and is_portfolio_lead name more than one type."""
    flags = {"MANAGED": account.get("is_managed"), "PORTFOLIO_LEAD": account.get("is_portfolio_lead")}
    types = {account.get("account_type"), *(name for name, is_set in flags.items() if is_set)} - {None}
    if len(types) > 1:
        yield Breach("account_type", "There is more than one type.")


@BOOK.rule("billing_address_new_style_and_legacy", on=_ON, needs="billing_address")
def _address_styles(account: Found, _: Context) -> Iterator[Breach]:
    """billing_address is given together with billing_address1 and the like."""
    if account.get("billing_address") and any(account.get(name) for name in _LEGACY_ADDRESS):
        yield Breach("billing_address", "Give one address, not two.")


@BOOK.rule("billing_address_not_provided", on=_ON)
def _billing_address(account: Found, _: Context) -> Iterator[Breach]:
    """Neither billing_address nor both billing_address1 and billing_postcode, and no occupier's account."""
    if account.get("unknown_occupier") or account.get("account_type") in OCCUPIER:
        return
    if account.get("billing_address"):
        return
    for name in ("billing_address1", "billing_postcode"):
        if not (account.get(name) or "").strip():
            yield Breach(name, "A billing address and postcode are needed.")


@BOOK.rule("billing_email_not_valid", on=_ON, at="billing_email")
def _blackhole(account: Found, _: Context) -> Iterator[Breach]:
    """billing_email has blackhole+ in it."""
    if "blackhole+" in (account.get("billing_email") or ""):
        yield Breach("billing_email", "This address takes no post.")


@BOOK.rule(
    "business_fields_provided_for_domestic_accounts",
    on=_ON,
    amid="business_type company_number bespoke_tariff_rates",
)
def _business_fields(account: Found, context: Context) -> Iterator[Breach]:
    """A domestic account has a business type, a company number or bespoke rates."""
    if not is_domestic(account):
        return
    for path, holder in (("", account), ("business.", account.get("business") or {})):
        for name in ("business_type", "company_number"):
            if holder.get(name):
                yield Breach(f"{path}{name}", "Only a business account has this.")
    for path, point in points_of(account, context):
        for index, agreement in objects(point.get("agreements")):
            if agreement.get("bespoke_tariff_rates"):
                yield Breach(f"{path}.agreements.{index}.bespoke_tariff_rates", "Only a business has these.")


@BOOK.rule("account_billing_options_provided_for_domestic_accounts", on=_ON, needs="account_billing_options")
def _billing_options(account: Found, _: Context) -> Iterator[Breach]:
    """A domestic account has account_billing_options."""
    if is_domestic(account) and account.get("account_billing_options"):
        yield Breach("account_billing_options", "Only a business account has these.")


@BOOK.rule("tax_exemptions_provided_for_domestic_account", on=_ON, amid="ccl_exemptions vat_exemptions")
def _exemptions(account: Found, context: Context) -> Iterator[Breach]:
    """A meter point of a domestic account has tax exemptions."""
    if not is_domestic(account):
        return
    for path, point in points_of(account, context):
        for name in ("ccl_exemptions", "vat_exemptions"):
            if point.get(name):
                yield Breach(f"{path}.{name}", "Only a business account has these.")


@BOOK.rule("business_account_missing_customers", on=_ON)
def _business_customers(account: Found, _: Context) -> Iterator[Breach]:
    """A business account has no customers, though its occupier is known."""
    is_business = account.get("account_type") in ("BUSINESS", "BUSINESS_THIRD_PARTY_BILLED")
    if is_business and not account.get("unknown_occupier") and not account.get("customers"):
        yield Breach("customers", "A business needs a customer.")


@BOOK.rule("customer_family_name_required", on=_ON, needs="customers")
def _family_names(account: Found, _: Context) -> Iterator[Breach]:
    """A customer of a domestic account has no family name."""
    if is_domestic(account):
        for index, customer in objects(account.get("customers")):
            if not (customer.get("family_name") or "").strip():
                path = f"customers.{index}.family_name"
                yield Breach(path, "A family name is needed.")


@BOOK.rule("customer_with_unknown_occupier", on=_ON, needs="customers")
def _unknown_occupier(account: Found, _: Context) -> Iterator[Breach]:
    """unknown_occupier is true, and there are customers."""
    if account.get("unknown_occupier") and account.get("customers"):
        yield Breach("customers", "An unknown occupier has no customers.")


@BOOK.rule("occupier_account_with_multiple_supply_addresses", on=_ON, needs="unknown_occupier")
def _occupied_addresses(account: Found, _: Context) -> Iterator[Breach]:
    """unknown_occupier is true, and there are several supply addresses."""
    if account.get("unknown_occupier") and len(account.get("supply_addresses") or ()) > 1:
        yield Breach("supply_addresses", "An unknown occupier has one supply address.")


@BOOK.rule("dd_reference_for_occupier_account", on=_ON, needs="dd_reference")
def _occupier_pays(account: Found, _: Context) -> Iterator[Breach]:
    """unknown_occupier is true, and there is a dd_reference."""
    if account.get("unknown_occupier") and account.get("dd_reference"):
        yield Breach("dd_reference", "An occupier that pays is known.")


@BOOK.rule("portfolio_settings_included_when_not_lead", on=_ON, needs="portfolio")
def _portfolio_settings(account: Found, _: Context) -> Iterator[Breach]:
    """There are portfolio settings, and the account leads no portfolio."""
    if (account.get("portfolio") or {}).get("portfolio_settings") and not is_lead(account):
        yield Breach("portfolio.portfolio_settings", "Only the leading account has these.")


@BOOK.rule("portfolio_lead_has_a_supply_address", "system_account_has_a_supply_address", on=_ON)
def _no_addresses(account: Found, _: Context) -> Iterator[Breach]:
    """The leading account of a portfolio, or a system account, has a supply address."""
    if not account.get("supply_addresses"):
        return
    if is_lead(account):
        yield Breach("supply_addresses", "It may have none.", "portfolio_lead_has_a_supply_address")
    elif account.get("account_type") == "SYSTEM":
        yield Breach("supply_addresses", "It may have none.", "system_account_has_a_supply_address")


@BOOK.rule("debt_and_debts_are_defined", on=_ON, needs="debt")
def _debts(account: Found, _: Context) -> Iterator[Breach]:
    """debt and debts are both given."""
    if account.get("debt") and account.get("debts"):
        yield Breach("debt", "Give one of debt and debts.")


@BOOK.rule(
    "payment_adequacy_changes_and_last_payment_review_date_provided", on=_ON, needs="payment_adequacy_changes"
)
def _reviews(account: Found, _: Context) -> Iterator[Breach]:
    """payment_adequacy_changes and last_payment_review_date are both given."""
    if account.get("payment_adequacy_changes") and account.get("last_payment_review_date"):
        yield Breach("last_payment_review_date", "Give the changes or the date.")


@BOOK.rule("next_bill_to_date_not_provided_for_quarterly_billing", on=_ON, needs="account_billing_options")
def _quarterly(account: Found, _: Context) -> Iterator[Breach]:
    """Billing is quarterly and not the industry's, and there is no next_bill_due_date."""
    options = account.get("account_billing_options") or {}
    is_quarterly = (
        options.get("use_industry_billing") is False and options.get("period_length") == "QUARTERLY"
    )
    if is_quarterly and not account.get("next_bill_due_date"):
        yield Breach("next_bill_due_date", "Quarterly billing needs the next date.")


@BOOK.rule("agreement_business_contract_identifier_not_declared", on=_ON, amid="business_contract_identifier")
def _business_contracts(account: Found, context: Context) -> Iterator[Breach]:
    """An agreement names a business contract that the account does not declare."""
    business = account.get("business") or {}
    declared = {
        business.get("business_contract_identifier"),
        *business.get("business_contract_identifiers", ()),
    }
    for path, point in points_of(account, context):
        for index, agreement in objects(point.get("agreements")):
            named = agreement.get("business_contract_identifier")
            if named and named not in declared:
                where = f"{path}.agreements.{index}.business_contract_identifier"
                yield Breach(where, f"The account declares no contract {named}.")


@BOOK.rule("import_meter_not_found_for_export_meter", on=_ON, at="supply_addresses", amid="export_type")
def _export_meters(account: Found, context: Context) -> Iterator[Breach]:
    """A meter that imports and exports is not on exactly one more meter point, which does not say so too."""
    points: dict[str, list[Found]] = {}
    if not any(point.get("export_type") == "IMPORT_EXPORT" for _, point in points_of(account, context)):
        return
    for _path, point, meter in meters_of(account, context):
        points.setdefault(meter["meter_serial_number"], []).append(point)
    for path, point, meter in meters_of(account, context):
        if point.get("export_type") == "IMPORT_EXPORT":
            sharing = points[meter["meter_serial_number"]]
            others = [each for each in sharing if each.get("export_type") == "IMPORT_EXPORT"]
            if len(sharing) != 2 or len(others) != 1:
                yield Breach(path, "Its import meter is not on one other meter point.")


@BOOK.rule("duplicate_supply_addresses_found", on=_ON, at="supply_addresses")
def _same_addresses(account: Found, _: Context) -> Iterator[Breach]:
    """Two supply addresses have the same first two lines and postcode."""
    names = ("supply_address1", "supply_address2", "supply_postcode")
    if len(account["supply_addresses"] or ()) < 2:
        return
    addresses = [
        tuple(address.get(name) or "" for name in names)
        for _, address in objects(account.get("supply_addresses"))
    ]
    if repeated(addresses):
        yield Breach("supply_addresses", "An address is there twice.")


@BOOK.rule("duplicate_meter_points_on_different_supply_addresses_provided", on=_ON, at="supply_addresses")
def _same_points(account: Found, _: Context) -> Iterator[Breach]:
    """A meter point is at two supply addresses."""
    if len(account["supply_addresses"] or ()) < 2:
        return
    found = [
        {point["identifier"] for point in address["meter_points"]}
        for _, address in objects(account.get("supply_addresses"))
    ]
    if sum(map(len, found)) != len(set().union(*found)):
        yield Breach("supply_addresses", "A meter point is at two addresses.")


@BOOK.rule("invalid_day_of_month", on=_ON, at="smart_read_cycle_day")
def _cycle_day(account: Found, _: Context) -> Iterator[Breach]:
    """smart_read_cycle_day is not from 1 to 28."""
    day = account.get("smart_read_cycle_day")
    if day is not None and not 1 <= day <= 28:
        yield Breach("smart_read_cycle_day", f"{day} is not a day from 1 to 28.")


@BOOK.rule("inconsistent_campaign_identifiers", "duplicate_account_campaigns", on=_ON, at="account_campaigns")
def _campaigns(account: Found, _: Context) -> Iterator[Breach]:
    """Some campaigns have a name and others a slug, or one is there twice."""
    campaigns = account.get("account_campaigns") or ()
    names = [each.get("campaign_name") for each in campaigns if each.get("campaign_name")]
    slugs = [each.get("slug") for each in campaigns if each.get("slug")]
    if names and slugs:
        yield Breach("account_campaigns", "Use names or slugs alone.", "inconsistent_campaign_identifiers")
    if repeated(names) or repeated(slugs):
        yield Breach("account_campaigns", "A campaign is there twice.", "duplicate_account_campaigns")


@BOOK.rule("multiple_active_deposits_not_allowed", on=_ON, at="deposit_agreements")
def _deposits(account: Found, _: Context) -> Iterator[Breach]:
    """There is more than one deposit agreement."""
    if len(account.get("deposit_agreements") or ()) > 1:
        yield Breach("deposit_agreements", "There may be one.")


add_past("last_payment_review_date", _ON, code="last_payment_review_date_is_future_dated")
for _kind in (_ON, "EnergyCustomer"):
    add_unique("metadata", "key", on=_kind, code="metadata_has_duplicate_keys", says="A key is there twice.")
    add_unique(
        "consents", "type", on=_kind, code="children_with_duplicate_values", says="A type is there twice."
    )
add_unique(
    "supply_addresses",
    "property_external_identifier",
    on=_ON,
    code="duplicate_property_external_identifiers",
    says="A property is there twice.",
)
