"""The served document on EDF's people, places and the rest: what breaks each rule, and what is near it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules.changes import Change, again, put
from transforms.dialects.edf_accounts.rules import people, places, rest
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

EDF = get_dialect(name="edf_accounts")
GIVEN = Circumstances(today=TODAY, region="GB")
RULES = EDF.rules(GIVEN)
MINE = (*people.rules(GIVEN), *places.rules(), *rest.rules(GIVEN))

ADMINISTRATORS = "supply_addresses.0.property_administrators"
ABROAD = {"street_address": "Avenida Primera 4, 2B", "postal_code": "29601", "country": "ES"}
NOBODY = (put("unknown_occupier", True), put("customers", None))
OCCUPIER = (
    put("customers.0.given_name", "the"),
    put("customers.0.family_name", " Occupier"),
    put("customers.0.email", None),
    put("customers.0.mobile", None),
    put("customers.0.landline", None),
)
OTHER_ADDRESS = again("supply_addresses", supply_address1="7 Other Street", meter_points=[])
BUSINESS = put("account_type", "BUSINESS")

MONTHLY = {"period_length": "MONTHLY", "period_start_day": 1}
QUARTERLY = {"period_length": "QUARTERLY", "period_start_day": 28}

Case = tuple[str, str, tuple[Change, ...], tuple[Change, ...]]

CASES: list[Case] = [
    (
        "invalid_phone_number",
        f"{ADMINISTRATORS}.0.mobile",
        (put(f"{ADMINISTRATORS}.0.mobile", "ask Bob"),),
        (put(f"{ADMINISTRATORS}.0.mobile", "+33 6 12 34 56 78"),),
    ),
    (
        "invalid_phone_number",
        "customers.0.landline",
        (put("customers.0.landline", "020 ring after six"),),
        (put("customers.0.landline", "020 7234 3456 ext. 12"),),
    ),
    (
        "invalid",
        f"{ADMINISTRATORS}.0.email",
        (put(f"{ADMINISTRATORS}.0.email", "willie"),),
        (put(f"{ADMINISTRATORS}.0.email", "test@willie.com"),),
    ),
    (
        "invalid",
        "billing_email",
        (put("billing_email", "accounts payable"),),
        (put("billing_email", "accounts@payable.com"),),
    ),
    (
        "billing_email_not_valid",
        "billing_email",
        (put("billing_email", "Blackhole+bills@payable.com"),),
        (put("billing_email", "blackhole@payable.com"),),
    ),
    (
        "customer_family_name_required",
        "customers.0.family_name",
        (put("account_type", "DOMESTIC_THIRD_PARTY_BILLED"), put("customers.0.family_name", None)),
        (BUSINESS, put("customers.0.family_name", None)),
    ),
    (
        "customer_may_not_be_named_the_occupier",
        "customers.0.family_name",
        OCCUPIER,
        (put("customers.0.given_name", "The"), put("customers.0.family_name", "Occupiers")),
    ),
    (
        "contact_details_for_occupier",
        "customers.0",
        (*OCCUPIER, put("customers.0.email", "bob@jablonski.com")),
        OCCUPIER,
    ),
    ("customer_with_unknown_occupier", "customers", (put("unknown_occupier", True),), NOBODY),
    (
        "business_account_missing_customers",
        "customers",
        (BUSINESS, put("customers", [])),
        (put("account_type", "BUSINESS_OCCUPIER"), *NOBODY),
    ),
    (
        "business_fields_provided_for_domestic_accounts",
        "business",
        (put("business.company_number", "01234567"),),
        (put("business.company_name", "Jabłoński & Daughters"),),
    ),
    (
        "business_fields_provided_for_domestic_accounts",
        "business",
        (put("business.business_type", "LTD"),),
        (BUSINESS, put("business.business_type", "LTD"), put("business.company_number", "01234567")),
    ),
    (
        "children_with_duplicate_values",
        "business.details.1.key",
        (
            BUSINESS,
            put(
                "business.details", [{"key": "vat_number", "value": "1"}, {"key": "vat_number", "value": "2"}]
            ),
        ),
        (
            BUSINESS,
            put(
                "business.details",
                [{"key": "vat_number", "value": "1"}, {"key": "sic_codes", "value": ["1"]}],
            ),
        ),
    ),
    (
        "psr_industry_code_not_provided",
        "customers.0.psr.1",
        (put("customers.0.psr.1.gas_industry_code", ""),),
        (put("customers.0.psr.1.elec_industry_code", "02"), put("customers.0.psr.1.gas_industry_code", "")),
    ),
    (
        "multiple_property_administrators",
        ADMINISTRATORS,
        (again(ADMINISTRATORS),),
        (put(ADMINISTRATORS, []),),
    ),
    (
        "invalid_postcode",
        "supply_addresses.0.supply_postcode",
        (put("supply_addresses.0.supply_postcode", "29601"),),
        (put("supply_addresses.0.supply_postcode", "w1f9de"),),
    ),
    (
        "billing_address_not_provided",
        "billing_address1",
        (put("billing_address1", ""),),
        (put("billing_address1", None), *NOBODY),
    ),
    (
        "billing_address_not_provided",
        "billing_postcode",
        (put("billing_postcode", None),),
        (
            *(put(f"billing_address{line}", None) for line in range(1, 6)),
            put("billing_postcode", None),
            put("billing_address", ABROAD),
        ),
    ),
    (
        "billing_address_new_style_and_legacy",
        "billing_address",
        (put("billing_address", ABROAD),),
        (
            *(put(f"billing_address{line}", "") for line in range(1, 6)),
            put("billing_postcode", None),
            put("billing_address", ABROAD),
        ),
    ),
    (
        "occupier_account_with_multiple_supply_addresses",
        "supply_addresses",
        (*NOBODY, OTHER_ADDRESS),
        (OTHER_ADDRESS,),
    ),
    (
        "portfolio_lead_has_a_supply_address",
        "supply_addresses",
        (put("account_type", "PORTFOLIO_LEAD"),),
        (put("account_type", "PORTFOLIO_LEAD"), put("supply_addresses", None)),
    ),
    (
        "system_account_has_a_supply_address",
        "supply_addresses",
        (put("account_type", "SYSTEM"),),
        (put("account_type", "SYSTEM"), put("supply_addresses", [])),
    ),
    (
        "duplicate_supply_addresses_found",
        "supply_addresses.1",
        (again("supply_addresses", meter_points=[]),),
        (again("supply_addresses", supply_address2="Flat 2", meter_points=[]),),
    ),
    (
        "incorrect_format_for_tax_year",
        "warm_home_discount.0.tax_year",
        (put("warm_home_discount.0.tax_year", "2017-18"),),
        (put("warm_home_discount.0.tax_year", None),),
    ),
    (
        "incorrect_format_for_tax_year",
        "warm_home_discount.0.tax_year",
        (put("warm_home_discount.0.tax_year", "2017/2018"),),
        (put("warm_home_discount.0.tax_year", "1999/00"),),
    ),
    (
        "campaign_name_or_slug_not_provided",
        "account_campaigns.0.slug",
        (put("account_campaigns.0.slug", None),),
        (put("account_campaigns.0.campaign_note", None),),
    ),
    (
        "start_date_same_as_end_date",
        "account_campaigns.0.expiry_date",
        (
            put("account_campaigns.0.start_date", "2026-01-01"),
            put("account_campaigns.0.expiry_date", "2026-01-01"),
        ),
        (
            put("account_campaigns.0.start_date", "2026-01-01"),
            put("account_campaigns.0.expiry_date", "2026-01-02"),
        ),
    ),
    (
        "account_billing_options_provided_for_domestic_accounts",
        "account_billing_options",
        (put("account_billing_options", MONTHLY),),
        (BUSINESS, put("account_billing_options", MONTHLY)),
    ),
    (
        "next_bill_to_date_not_provided_for_quarterly_billing",
        "next_bill_due_date",
        (
            BUSINESS,
            put("account_billing_options", {**QUARTERLY, "use_industry_billing": False}),
            put("next_bill_due_date", None),
        ),
        (BUSINESS, put("account_billing_options", QUARTERLY), put("next_bill_due_date", None)),
    ),
    (
        "account_billing_options_period_data_required",
        "account_billing_options.period_start_day",
        (BUSINESS, put("account_billing_options", {"period_length": "MONTHLY"})),
        (BUSINESS, put("account_billing_options", {"use_industry_billing": True})),
    ),
    (
        "account_billing_options_industry_billing_with_period_data",
        "account_billing_options.use_industry_billing",
        (BUSINESS, put("account_billing_options", {**MONTHLY, "use_industry_billing": True})),
        (BUSINESS, put("account_billing_options", {**MONTHLY, "use_industry_billing": False})),
    ),
    (
        "note_body_or_document_path_not_found",
        "notes.0",
        (put("notes.0.body", ""), put("notes.0.document_paths", [])),
        (put("notes.0.body", ""), put("notes.0.created_at", None)),
    ),
]


def found_in(*changes: Change) -> dict[tuple[str, str], str]:
    """Severity by code and path."""
    document = copy.deepcopy(expected_payload(dialect=EDF))
    for change in changes:
        change(document)
    EDF.model.model_validate(document)
    results = run_rules(rules=RULES, batch=Batch([document]))
    return {(finding.code, finding.path): finding.severity for finding in results.get(0, ())}


@pytest.mark.parametrize(
    ("code", "path", "broken", "near"), CASES, ids=[f"{code}-{path}" for code, path, _, _ in CASES]
)
def test_what_the_document_forbids_is_an_error_and_what_is_near_it_is_none(
    code: str, path: str, broken: tuple[Change, ...], near: tuple[Change, ...]
) -> None:
    assert found_in(*broken)[(code, path)] == "error"
    assert found_in(*near).get((code, path), "warning") == "warning"


GUESSED: list[tuple[str, str, Change]] = [
    ("unusual_phone_number", "customers.0.mobile", put("customers.0.mobile", "07123456789 x12")),
    (
        "unusual_phone_number",
        f"{ADMINISTRATORS}.0.landline",
        put(f"{ADMINISTRATORS}.0.landline", "+33612345678"),
    ),
    (
        "possible_test_email_address",
        f"{ADMINISTRATORS}.0.email",
        put(f"{ADMINISTRATORS}.0.email", "test@willie.com"),
    ),
    ("invalid_postcode", "billing_postcode", put("billing_postcode", "29601")),
]


@pytest.mark.parametrize(("code", "path", "change"), GUESSED, ids=[code for code, _, _ in GUESSED])
def test_what_no_source_states_is_a_warning(code: str, path: str, change: Change) -> None:
    assert found_in(change)[(code, path)] == "warning"


def test_a_foreign_billing_address_is_looked_at_by_the_form_of_its_own_country() -> None:
    way = (*(put(f"billing_address{line}", None) for line in range(1, 6)), put("billing_postcode", None))
    place = ("invalid_postcode", "billing_address.postal_code")
    assert place not in found_in(*way, put("billing_address", ABROAD))
    wrong: dict[str, Any] = {"country": "PT", "street_address": "R do Sol 1", "postal_code": "29601"}
    assert found_in(*way, put("billing_address", wrong))[place] == "warning"


NAMES = [
    "María de los Dolores Pérez de la O'Shea",
    "D'Souza-O’Connor",
    "مريم بنت عبد الله",
    "‏שרה‏",
    "Zoë 🌻",
    "Nguyễn Thị Minh Khai",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_refused_for_its_letters(name: str) -> None:
    changes = [put(f"customers.0.{part}", name) for part in ("given_name", "family_name", "salutation")]
    found = found_in(*changes, put("billing_name", name), put(f"{ADMINISTRATORS}.0.family_name", name))
    assert set(found) == {("date_in_past", "dunning_path.start_date")}


def test_each_rule_of_a_place_says_where_it_is_stated_or_only_warns() -> None:
    assert MINE
    for rule in MINE:
        assert rule.severity == "warning" or rule.source is not None, rule.code


def test_a_reference_that_two_accounts_of_a_wave_have_refuses_both() -> None:
    one, other, third = (copy.deepcopy(expected_payload(dialect=EDF)) for _ in range(3))
    third["references"] = [{"namespace": "elsewhere", "value": one["references"][0]["value"]}]
    results = run_rules(rules=RULES, batch=Batch([one, other, third]))
    shared = {
        number: [found.severity for found in findings if found.code == "reference_already_exists"]
        for number, findings in results.items()
    }
    assert shared == {0: ["error"], 1: ["error"], 2: []}


@pytest.mark.parametrize(
    "path",
    [
        "external_account_number",
        "account_type",
        "transfer_balance",
        "sales_channel",
        "billing_name",
        "customers.0.psr.0.effective_from",
        "notes.0.created_at",
        "warm_home_discount.0.tax_year",
        "warm_home_discount.0.account_type",
        "warm_home_discount.0.group",
    ],
)
def test_what_the_document_leaves_optional_may_be_missing(path: str) -> None:
    assert "error" not in found_in(put(path, None)).values()
