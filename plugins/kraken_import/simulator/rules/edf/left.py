"""The rules that the served document states and a stand-in cannot decide, and why."""

from __future__ import annotations

from typing import Final

from kraken_import.simulator.rules.edf.book import BOOK

_CONFIGURED: Final = "depends on how this Kraken or the import supplier is configured"
_LISTED: Final = "asks what is set up in this Kraken, which no source lists"
_PRODUCT: Final = "asks for the products and tariffs of this Kraken"
_MARKET: Final = "asks for data of the market"
_FORM: Final = "the form that is right is not stated"
_UNLISTED: Final = "concerns a field that the served document does not list"
_WORDLESS: Final = "the document names the codes and not the rule"
_SHADOWED: Final = "a payload that breaks it breaks another rule first"
_OTHERS: Final = "asks for charges or users that are in Kraken already"
_FILES: Final = "asks for the file store, and is disabled by default"

_LEFT: Final = {
    _CONFIGURED: (
        ("EnergyAccount", "managed_accounts_are_not_allowed customer_given_name_required"),
        ("EnergyAccount", "portfolio_references_provided business_field_required"),
        ("EnergyAccount", "operations_team_provided_when_using_auto_allocation"),
        ("EnergyAccount", "operations_team_should_be_provided unbilled_former_supply_address"),
        ("EnergyAccount", "historical_statement_billing_document_identifier_missing"),
        (
            "EnergyAccount",
            "historical_statement_billing_document_identifier_not_allowed_when_feature_flag_disabled",
        ),
        ("EnergyAccount.supply_addresses", "supply_points_provided_while_skip_supply_point_creation_enabled"),
        (
            "EnergyAccount.supply_addresses",
            "supply_points_not_provided_while_skip_supply_point_creation_disabled",
        ),
        ("EnergyAccount.supply_addresses", "supply_addresses_provided_while_skip_property_creation_enabled"),
        ("EnergyAccount.supply_addresses", "agents_supplied_for_non_on_market_switch"),
        ("EnergyAccount.consents, EnergyCustomer.consents", "field_not_enabled"),
        ("BusinessWithExistingContracts", "business_information_required_if_not_linking_via_contract"),
        ("BusinessWithExistingContracts", "business_information_not_required_if_linking_via_contract"),
        ("BusinessPortfolio, AccountPortfolio", "portfolio_references_provided"),
        ("EnergyCustomer", "required_user_role customer_has_exclusive_role_conflict"),
        ("CustomerUserDetail, EnergyCustomer.details", "customer_detail_not_registered"),
        ("CustomerUserDetail, EnergyCustomer.details", "customer_detail_failed_validation"),
        ("CustomerUserDetail, EnergyCustomer.details", "customer_detail_incorrect_value_type"),
        ("EnergyCustomer.user_details", "required_customer_details_namespace_missing"),
        ("EnergyCustomer.email, EnergyAccount.billing_email", "internal_email_address"),
        ("BusinessDetail", "business_detail_incorrect_value_type business_detail_failed_validation"),
        ("Debt.cais_reference", "cais_references_not_supported"),
        ("PaymentInstruction", "incomplete_payments_not_enabled"),
    ),
    _LISTED: (
        ("EnergyAccount.dunning_path", "dunning_path_not_found"),
        ("EnergyAccount.operations_team_name", "operations_team_name_does_not_exist"),
        ("AccountCampaign", "campaign_not_found"),
        ("AccountReference.namespace", "invalid_reference_namespace"),
        ("EnergyCommissionContract.affiliate_organisation_name", "affiliate_organisation_does_not_exist"),
        ("Complaint", "invalid_complaint_type_or_subtype invalid_official_organization_or_status"),
        ("ComplaintContact", "invalid_complaint_source"),
        ("ContributionSchemeAgreement.scheme", "invalid_contribution_scheme"),
        ("Debt", "debt_collection_agency_does_not_exist"),
        ("PartnerOrganisation.organisation_number", "partner_organisation_does_not_exist"),
        ("PaymentInstruction, PaymentSchedule, Ledger: ledger_code", "ledger_code_does_not_exist"),
        ("PaymentPlan.strategy_name", "payment_plan_strategy_does_not_exist"),
        ("ElectricityMeterPoint", "agent_contract_reference_does_not_exist"),
        ("ElectricityMeterPoint", "multiple_active_agent_contract_references"),
        ("PaymentSchedule", "standalone_payment_request_method_code_invalid"),
    ),
    _PRODUCT: (
        ("EnergyAccount", "supply_charge_line_items_not_covered_by_single_agreement"),
        (
            "EnergyAccount",
            "tariff_type_does_not_match_meter_point_type tariff_type_does_not_match_meter_type",
        ),
        ("EnergyAccount", "agreement_effective_from_before_product_available_from"),
        ("EnergyAccount", "agreement_cannot_start_before_product_available"),
        ("ElectricityAgreement, GasAgreement", "open_ended_agreement_for_end_dated_product"),
        ("ElectricityAgreement, GasAgreement", "rate_band_does_not_exist invalid_period"),
        ("ElectricityAgreement.tariff_code, GasAgreement.tariff_code", "tariff_code_not_found"),
        ("EnergySupplyCharge, whose rules on rates, prices and standing days have no code", ""),
        ("EnergySupplyCharge.product_code", "product_code_does_not_exist"),
    ),
    _MARKET: (
        ("ElectricityRegister.tpr", "tpr_not_found"),
        ("EnergyPSR", "temporary_psr_does_not_have_end_date psr_record_description_not_found"),
        ("EnergyPSR", "electricity_psr_record_not_found gas_psr_record_not_found psr_invalid_industry_code"),
        ("meter_serial_number, mpid", "supply_type_not_recognised"),
        ("EnergyAccount.supply_addresses", "unexpected_number_of_meter_points_found_for_meter"),
    ),
    _FORM: (
        ("EnergyAccount, Address, EnergyLegacySupplyAddress", "invalid_address"),
        ("EnergyAccount.billing_postcode, which tells no country", "invalid_postcode"),
        ("EnergyAccount.company_number, Business.company_number", "invalid_company_number"),
        ("ElectricityMeter.meter_serial_number, GasMeter", "invalid_meter_serial_number"),
        ("EnergyAccount, which does not say what is fully billed", "prepay_details_on_fully_billed_meter"),
        ("EnergyAccount, which does not say what is fully billed", "reading_meter_fully_billed"),
    ),
    _UNLISTED: (
        ("EnergyAccount: terms and account_contracts", "term_supply_type_mismatch"),
        ("EnergyAccount: terms and account_contracts", "account_contracts_without_supply_points"),
        ("EnergyAccount: terms and account_contracts", "contract_term_product_code_not_in_agreements"),
        ("EnergyAccount: vouchers", "voucher_transactions_sum_greater_than_voucher_value"),
        ("EnergyAccount: vouchers", "voucher_charge_transaction_id_not_found"),
        ("EnergyAccount: vouchers", "voucher_redemption_credit_transaction_id_not_found"),
        ("EnergyAccount: parent_property_reference", "parent_property_reference_not_found"),
        ("EnergyAccount: the identifiers of a ledger's supply points", "unknown_ledger_identifiers"),
        ("EnergyAccount: other supply types", "business_supply_type_on_domestic_account"),
        (
            "EnergyLegacySupplyAddress: landlord_details",
            "both_landlord_details_and_property_administrators_provided",
        ),
        (
            "PaymentSchedule: standalone_payment_request_method_code",
            "standalone_payment_request_method_code_unexpected",
        ),
    ),
    _WORDLESS: (
        ("EnergyCommissionContract", "commission_type_requires_value uplift_and_value_conflict"),
        ("Statement", "missing_statement_path_or_pdf_context received_statement_path_and_pdf_context"),
    ),
    _SHADOWED: (("EnergyAccount", "business_account_missing_billing_options"),),
    _OTHERS: (
        ("EnergySupplyCharge", "line_items_overlap_already_charged_period"),
        ("EnergyAccount.business", "customer_details_and_user_details_both_provided"),
    ),
    _FILES: (("Statement.statement_path, NoteDocument.document_path", "path_does_not_exist_in_file_store"),),
}

for _why, _rules in _LEFT.items():
    for _at, _codes in _rules:
        BOOK.leave(*_codes.split(), at=_at, why=_why)
