"""Payloads of British accounts that break one rule on the account, its people and what hangs on it.

Each case: the codes, what to change in the example of the guide so that it is refused for them, and what to
change in it so that it is accepted though it is near.
"""

from __future__ import annotations

from typing import Any, Final

from tests.unit.simulator.examples import ABSENT

Changes = dict[str, Any]
Case = tuple[str, Changes, Changes]

C: Final = "customers.0."
A: Final = "supply_addresses.0."
E: Final = f"{A}meter_points.0."

BUSINESS: Final[Changes] = {"account_type": "BUSINESS"}
NO_CUSTOMERS: Final[Changes] = {"unknown_occupier": True, "customers": []}
LEAD: Final[Changes] = {"account_type": "PORTFOLIO_LEAD", "supply_addresses": []}
ADDRESS: Final = {"country": "GB", "postal_code": "W1F 9DE", "street_address": "123 Fake Street"}
ABROAD: Final = {"country": "FR", "postal_code": "75001", "street_address": "1 rue Rivoli"}
NO_LEGACY: Final[Changes] = {"billing_address1": ABSENT, "billing_postcode": ABSENT}
OTHER: Final = {"given_name": "Ann", "family_name": "Other"}
USER: Final = [{"namespace": "external_user_id", "value": "7"}]
RATE: Final = {"standing_charge": "20.1", "registers": [{"register_id": "1", "unit_rate": "12.5"}]}
EXEMPT: Final = [{"effective_from": "2019-08-01", "rate": "0.5"}]
COMPLAINT: Final[Changes] = {
    "complainant_email": "bob@jablonski.com",
    "complainant_name": "Bob",
    "complaint_contacts": [],
    "created_at": "2019-10-10T10:20:00Z",
    "has_chsr_letter_been_sent": True,
    "has_eight_week_letter_been_sent": True,
    "subtype_of_complaint": "x",
    "type_of_complaint": "y",
}
SCHEME: Final[Changes] = {
    "active_period_start_date": "2019-01-01",
    "active_period_end_date": "2019-12-31",
    "amount": "5.00",
    "interval": "MONTHLY",
    "scheme": "A",
}
COMMISSION: Final[Changes] = {
    "affiliate_organisation_name": "Broker",
    "effective_from": "2019-01-01",
    "effective_to": "2019-01-01",
    "mpxn": "1200060176720",
    "status": "PAID",
}
FIT: Final[Changes] = {
    "installations": [{"fit_id": "FIT1"}],
    "meters": [
        {
            "extensions": ["FIT1-1"],
            "last_billed_to_date": "2019-08-01",
            "serial_number": "1",
            "transfer_reading": {"reading_date": "2019-08-01", "reading_value": "1"},
            "type": "EXPORT",
        }
    ],
    "payment_method": "CHEQUE",
}
PARTNER: Final = {
    "organisation_number": "1",
    "role": "OWNER",
    "valid_from": "2019-01-01T00:00:00Z",
    "valid_to": "2019-01-01T00:00:00Z",
}
IMPORT_METER: Final = {"meter_serial_number": "Z16N389556"}


def _period(start: str, end: str) -> Changes:
    return {"start_date": start, "end_date": end}


def _complaint(**changes: Any) -> Changes:
    return {"complaints": [{**COMPLAINT, **changes}]}


def _scheme(*schemes: Changes) -> Changes:
    return {"contribution_agreements": [{**SCHEME, **each} for each in schemes]}


def _portfolio(**fields: Any) -> Changes:
    return {**LEAD, "portfolio": fields}


LABEL: Final = {"namespace": "portfolio-label", "value": "P"}
SETTINGS: Final = {"collective_billing": True}

ACCOUNT: Final[list[Case]] = [
    ("required", {"external_account_number": ABSENT}, {"external_account_number": "1"}),
    (
        "multiple_account_types_selected",
        {"is_managed": True},
        {"account_type": "MANAGED", "is_managed": True},
    ),
    (
        "billing_address_new_style_and_legacy",
        {"billing_address": ADDRESS},
        {"billing_address": ADDRESS, **NO_LEGACY},
    ),
    (
        "billing_address_not_provided",
        {"billing_postcode": ABSENT},
        {"billing_postcode": ABSENT, **NO_CUSTOMERS},
    ),
    ("billing_address_not_provided", {"billing_address1": " "}, {"billing_address": ABROAD, **NO_LEGACY}),
    ("billing_email_not_valid", {"billing_email": "blackhole+1@a.com"}, {"billing_email": "hole+1@a.com"}),
    (
        "business_fields_provided_for_domestic_accounts",
        {"company_number": "1"},
        {"company_number": "1", **BUSINESS},
    ),
    (
        "business_fields_provided_for_domestic_accounts",
        {f"{E}agreements.0.bespoke_tariff_rates": [RATE]},
        {f"{E}agreements.0.bespoke_tariff_rates": [RATE], **BUSINESS},
    ),
    (
        "account_billing_options_provided_for_domestic_accounts",
        {"account_billing_options": {"use_industry_billing": True}},
        {"account_billing_options": {"use_industry_billing": True}, **BUSINESS},
    ),
    (
        "tax_exemptions_provided_for_domestic_account",
        {f"{E}vat_exemptions": EXEMPT},
        {f"{E}vat_exemptions": EXEMPT, **BUSINESS},
    ),
    ("business_account_missing_customers", {"customers": [], **BUSINESS}, {**BUSINESS, **NO_CUSTOMERS}),
    ("customer_family_name_required", {f"{C}family_name": ""}, {f"{C}family_name": "", **BUSINESS}),
    ("customer_with_unknown_occupier", {"unknown_occupier": True}, NO_CUSTOMERS),
    ("dd_reference_for_occupier_account", {"dd_reference": "1", **NO_CUSTOMERS}, {"dd_reference": "1"}),
    (
        "portfolio_settings_included_when_not_lead",
        {"portfolio": {"portfolio_settings": SETTINGS, "portfolio_references": [LABEL]}},
        _portfolio(portfolio_settings=SETTINGS, portfolio_references=[LABEL]),
    ),
    ("portfolio_references_missing", _portfolio(portfolio_settings=SETTINGS), _portfolio(billing_name="A")),
    (
        "duplicate_portfolio_references",
        _portfolio(portfolio_references=[LABEL, {**LABEL, "value": "Q"}]),
        _portfolio(
            portfolio_references=[LABEL, {"namespace": "external-portfolio-reference-id", "value": "P"}]
        ),
    ),
    ("portfolio_lead_has_a_supply_address", {"account_type": "PORTFOLIO_LEAD"}, LEAD),
    (
        "system_account_has_a_supply_address",
        {"account_type": "SYSTEM"},
        {"account_type": "SYSTEM", "supply_addresses": []},
    ),
    ("debt_and_debts_are_defined", {"debt": {"is_insolvent": False}}, {"debt": {"notes": "x"}, "debts": []}),
    (
        "next_bill_to_date_not_provided_for_quarterly_billing",
        {
            **BUSINESS,
            "next_bill_due_date": ABSENT,
            "account_billing_options": {
                "use_industry_billing": False,
                "period_length": "QUARTERLY",
                "period_start_day": 1,
            },
        },
        {
            **BUSINESS,
            "account_billing_options": {
                "use_industry_billing": False,
                "period_length": "QUARTERLY",
                "period_start_day": 1,
            },
        },
    ),
    (
        "account_billing_options_period_data_required",
        {**BUSINESS, "account_billing_options": {"period_length": "MONTHLY"}},
        {**BUSINESS, "account_billing_options": {"period_length": "MONTHLY", "period_start_day": 28}},
    ),
    (
        "account_billing_options_industry_billing_with_period_data",
        {**BUSINESS, "account_billing_options": {"use_industry_billing": True, "period_start_day": 1}},
        {**BUSINESS, "account_billing_options": {"use_industry_billing": True, "period_start_day": None}},
    ),
    (
        "agreement_business_contract_identifier_not_declared",
        {f"{E}agreements.0.business_contract_identifier": "C1"},
        {
            f"{E}agreements.0.business_contract_identifier": "C1",
            "business": {"business_contract_identifiers": ["C1"]},
        },
    ),
    (
        "missing_contract_identifier",
        {"business": {"enforce_business_contracts_exist": True}},
        {"business": {"enforce_business_contracts_exist": True, "business_contract_identifier": "C1"}},
    ),
    (
        "children_with_duplicate_values",
        {"business": {"details": [{"key": "sic_codes", "value": 1}, {"key": "sic_codes", "value": 2}]}},
        {"business": {"details": [{"key": "sic_codes", "value": 1}, {"key": "vat_number", "value": 1}]}},
    ),
    (
        "children_with_duplicate_values",
        {"consents": [{"type": "A", "value": "ACCEPTED"}, {"type": "A", "value": "UNKNOWN"}]},
        {"consents": [{"type": "A", "value": "ACCEPTED"}, {"type": "B", "value": "UNKNOWN"}]},
    ),
    (
        "metadata_has_duplicate_keys",
        {"metadata.1": {"key": "metadata_key", "value": 1}},
        {"metadata.1": {"key": "Metadata_key", "value": 1}},
    ),
    ("invalid_day_of_month", {"smart_read_cycle_day": 29}, {"smart_read_cycle_day": 28}),
    (
        "inconsistent_campaign_identifiers",
        {"account_campaigns.1": {"campaign_name": "Carer"}},
        {"account_campaigns.1": {"slug": "carer", "campaign_name": ""}},
    ),
    (
        "duplicate_account_campaigns",
        {"account_campaigns.1": {"slug": "super_account"}},
        {"account_campaigns.1": {"slug": "super_account_2"}},
    ),
    (
        "campaign_name_and_slug_provided",
        {"account_campaigns": [{"slug": "a", "campaign_name": "A"}]},
        {"account_campaigns": [{"campaign_name": "A"}]},
    ),
    (
        "campaign_name_or_slug_not_provided",
        {"account_campaigns": [{"campaign_note": "A"}]},
        {"account_campaigns": [{"slug": "A"}]},
    ),
    (
        "start_date_same_as_end_date",
        {"account_campaigns.0.start_date": "2020-01-01", "account_campaigns.0.expiry_date": "2020-01-01"},
        {"account_campaigns.0.start_date": "2020-01-01", "account_campaigns.0.expiry_date": "2020-01-02"},
    ),
    (
        "last_payment_review_date_is_future_dated",
        {"last_payment_review_date": "2020-03-02"},
        {"last_payment_review_date": "2020-03-01"},
    ),
    ("date_in_past", {"dunning_path.start_date": "2020-02-29"}, {"dunning_path.start_date": "2020-03-01"}),
    (
        "note_body_or_document_path_not_found",
        {"notes.0": {"body": " "}},
        {"notes.0": {"document_paths": [{"document_path": "/x"}]}},
    ),
    (
        "note_unpin_at_earlier_than_creation_date",
        {"notes.0.unpin_at": "2018-10-10T11:20:00+01:30"},
        {"notes.0.unpin_at": "2018-10-10T11:20:00+01:00"},
    ),
    (
        "incorrect_format_for_tax_year",
        {"warm_home_discount.0.tax_year": "2017"},
        {"warm_home_discount.0.tax_year": "2016/17"},
    ),
    (
        "invalid_delivery_point_identifier",
        {"billing_delivery_point_identifier": "w1f9de"},
        {"billing_delivery_point_identifier": "W1F9DE"},
    ),
    (
        "invalid_postcode",
        {"billing_address": {**ADDRESS, "postal_code": "75001"}, **NO_LEGACY},
        {"billing_address": ABROAD, **NO_LEGACY},
    ),
    ("invalid_postcode", {f"{A}supply_postcode": "75001"}, {"billing_postcode": "75001"}),
    (
        "start_date_later_than_end_date",
        {"partner_organisations": [{**PARTNER, "valid_to": "2018-12-31T23:59:59Z"}]},
        {"partner_organisations": [PARTNER]},
    ),
    (
        "start_date_later_than_end_date",
        {"commission_contracts": [{**COMMISSION, "effective_to": "2018-12-31"}]},
        {"commission_contracts": [COMMISSION]},
    ),
    (
        "invalid_supply_point_identifier",
        {"commission_contracts": [{**COMMISSION, "mpxn": "1200060176721"}]},
        {"commission_contracts": [{**COMMISSION, "mpxn": "9353824109"}]},
    ),
    (
        "payment_instruction_details_incomplete",
        {"fit": {**FIT, "payment_method": "BACS", "instruction_reference": "1"}},
        {"fit": {**FIT, "payment_method": "BACS", "instruction_reference": "1", "vendor_name": "STRIPE"}},
    ),
    (
        "invalid_portfolio_number",
        {f"{E}agreements.0.intermediary": {"portfolio_number": "P-1234567"}},
        {f"{E}agreements.0.intermediary": {"portfolio_number": "P-12345678"}},
    ),
    (
        "overlapping_contribution_agreements",
        _scheme({}, {"active_period_start_date": "2019-12-31", "active_period_end_date": None}),
        _scheme({}, {"active_period_start_date": "2020-01-01", "active_period_end_date": None}),
    ),
    (
        "invalid_contribution_period_start_date",
        _scheme({"periods": [_period("2018-12-31", "2019-06-01")]}),
        _scheme({"periods": [_period("2019-01-01", "2019-06-01")]}),
    ),
    (
        "invalid_contribution_period_end_date",
        _scheme({"periods": [_period("2019-01-01", "2020-01-01")]}),
        _scheme({"periods": [_period("2019-01-01", "2019-12-31")]}),
    ),
    (
        "overlapping_contribution_periods",
        _scheme({"periods": [_period("2019-01-01", "2019-06-02"), _period("2019-06-01", "2019-07-01")]}),
        _scheme({"periods": [_period("2019-01-01", "2019-06-01"), _period("2019-06-01", "2019-07-01")]}),
    ),
]

PEOPLE: Final[list[Case]] = [
    ("possible_test_email_address", {f"{C}email": "TEST@home.com"}, {f"{C}email": "contest@home.com"}),
    ("possible_test_email_address", {f"{C}email": "bob@test.co.uk"}, {f"{C}email": "bob@mytest.co.uk"}),
    ("possible_test_email_address", _complaint(complainant_email="a@b.xx"), _complaint()),
    ("invalid_phone_number", {f"{C}landline": "abcde"}, {f"{C}landline": "(020) 7234-3456"}),
    (
        "invalid_phone_number",
        {f"{C}alternative_phone_numbers": [{"phone_number": "none"}]},
        {f"{C}alternative_phone_numbers": [{"phone_number": None}]},
    ),
    (
        "customer_may_not_be_named_the_occupier",
        {"customers.1": {"given_name": "The", "family_name": "Occupier"}},
        {"customers.1": {"given_name": "Theo", "family_name": "Occupier"}},
    ),
    (
        "customer_details_and_user_details_both_provided",
        {f"{C}details": {"external_user_id": "7"}, f"{C}user_details": USER},
        {f"{C}details": None, f"{C}user_details": USER},
    ),
    (
        "date_in_future",
        _complaint() | {"consents": [{"type": "A", "value": "PENDING", "signed_at": "2020-03-02"}]},
        {"consents": [{"type": "A", "value": "PENDING", "signed_at": "2020-03-01T23:00:00Z"}]},
    ),
    (
        "fields_are_mutually_exclusive",
        {f"{C}consents": [{"type": "A", "value": "ACCEPTED"}]},
        {f"{C}consents": [{"type": "A", "value": "ACCEPTED"}], f"{C}customer_preferences": ABSENT},
    ),
    (
        "psr_industry_code_not_provided",
        {f"{C}psr.0": {"effective_from": "2012-01-01", "elec_industry_code": ""}},
        {f"{C}psr.0": {"gas_industry_code": "02"}},
    ),
    (
        "repeated_values_for_unique_customer_detail_namespace",
        {f"{C}user_details": USER, "customers.1": {**OTHER, "user_details": USER}},
        {
            f"{C}user_details": USER,
            "customers.1": {**OTHER, "user_details": [{"namespace": "external_user_id", "value": "8"}]},
        },
    ),
    (
        "official_complaint_field_missing",
        _complaint(official_entity="Ombudsman", official_status="OPEN"),
        _complaint(official_entity="Ombudsman", official_status="OPEN", official_reference_number="1"),
    ),
    (
        "chsr_letter_not_sent",
        _complaint(has_chsr_letter_been_sent=False),
        _complaint(has_chsr_letter_been_sent=False, has_eight_week_letter_been_sent=False),
    ),
    (
        "start_date_later_than_end_date",
        {
            f"{A}property_administrators.0.effective_to": "2019-01-01",
            f"{A}property_administrators.0.effective_from": "2019-01-02",
        },
        {
            f"{A}property_administrators.0.effective_to": "2019-01-02",
            f"{A}property_administrators.0.effective_from": "2019-01-02",
        },
    ),
]

TWO_CODES: Final[list[tuple[tuple[str, ...], Changes]]] = [
    (
        ("customer_may_not_be_named_the_occupier", "contact_details_for_occupier"),
        {f"{C}given_name": "", f"{C}family_name": "The Occupier"},
    ),
    (
        ("loss_in_progress", "future_supply_end_date"),
        {f"{E}supply_end_date": "2020-03-02"},
    ),
]
"""Where what the document states leaves no way to break only one of them."""
