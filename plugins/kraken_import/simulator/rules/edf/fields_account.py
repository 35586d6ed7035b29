"""The fields of a British account itself and of what else hangs on it. `shape` says how to read them."""

from __future__ import annotations

from typing import Final

FIELDS: Final = """
ACCOUNT_TYPE = DOMESTIC BUSINESS MANAGED PORTFOLIO_LEAD DOMESTIC_VACANT BUSINESS_VACANT
    DOMESTIC_OCCUPIER BUSINESS_OCCUPIER SYSTEM DOMESTIC_THIRD_PARTY_BILLED BUSINESS_THIRD_PARTY_BILLED
BUSINESS_TYPE = SOLE_TRADER LTD PTY_LTD PARTNERSHIP CHARITY PLC LLP TRUST TRADING_AS GOVERNMENT
    NON_PROFIT CHURCH HOMEOWNER_ASSOCIATION TBD ''
SALES_CHANNEL = DIRECT PRICE_COMPARISON TELESALES DIGI_TELESALES EVENTS FIELD_SALES AGGREGATOR
    PARTNERSHIPS NEW_TENANT MOVE_IN WORKPLACE_POP_UP BROKER PARENT_POWER PEOPLE_POWER GIFT_OF_KIT
    HIGH_REFERRER SUPPLIER_OF_LAST_RESORT ACQUISITION WORKS_WITH_OCTOPUS LANDLORD DEBT_COLLECTION_AGENCY
    ''
VENDOR_NAME = STRIPE BOTTOMLINE_GLOBAL_PAYMENTS_HUB BOTTOMLINE_PTX BOTTOMLINE_PTX_BATCHED
KEY = sic_codes vat_number registered_charity_number ofgem_protection_label
CREDIT_HOLD_REASON = HAS_NOMINATED_RECIPIENT INVOLVED_IN_COO SWITCH_LOSS LINKED_TO_WRONG_ACCOUNT
    PAID_INCORRECTLY MIGRATED_IN_DISPUTE AWAITING_SIGNED_FIT_PLAN CLOSED_INSTALLATION
    NEEDS_MANUAL_PAYMENT BIENNIAL_DISPUTES OTHER
BUSINESS_TYPE_2 = SOLE_TRADER LTD PTY_LTD PARTNERSHIP CHARITY PLC LLP TRUST TRADING_AS GOVERNMENT
    NON_PROFIT CHURCH HOMEOWNER_ASSOCIATION TBD
EnergyAccount
  =EnergyAccountBillingOptions : account_billing_options
  *AccountCampaign : account_campaigns
  one ACCOUNT_TYPE : account_type
  text? : affiliate_subdomain
  =Address : billing_address
  text/512 : billing_address1 billing_address2 billing_address3 billing_address4 billing_address5
      billing_postcode dd_reference
  text/256 : billing_attention_of billing_customer_reference billing_sub_name
  text/11 : billing_delivery_point_identifier
  email/254? : billing_email
  text/510 : billing_name
  =Business : business
  one BUSINESS_TYPE : business_type
  *EnergyCommissionContract : commission_contracts
  one(ONLINE PRINT) : communication_preference
  text/100 : company_number
  *Complaint : complaints
  *AccountConsent : consents
  *ContributionSchemeAgreement : contribution_agreements
  *EnergyTransaction : current_statement_transactions historical_statement_transactions
  *EnergyCustomer : customers
  day : date_of_sale last_billed_to_date last_statement_closing_date last_statement_issue_date
  =Debt : debt
  *Debt : debts
  *DepositAgreement : deposit_agreements
  one(LARGE_PRINT BRAILLE SPOKEN '') : document_accessibility
  =DunningPath : dunning_path
  text/128 : external_account_number
  =EnergyFit : fit
  text : import_supplier! operations_team_name sales_subchannel
  flag? : is_managed is_portfolio_lead unknown_occupier
  one(en-gb en-us es-419 fr-fr) : language_preference
  day? : last_payment_review_date next_bill_due_date
  dec/10.10 : last_statement_balance transfer_balance
  *Metadata : metadata
  *Note : notes
  *PartnerOrganisation : partner_organisations
  *PaymentAdequacyChange : payment_adequacy_changes
  *PaymentInstruction : payment_instructions
  *PaymentPlan : payment_plans
  *PaymentPreference : payment_preferences
  *PaymentPromise : payment_promises
  *PaymentSchedule : payment_schedules
  =AccountPortfolio? : portfolio
  *AccountReference : references
  one SALES_CHANNEL : sales_channel
  int : smart_read_cycle_day
  one(MONTHLY DAILY HALF_HOURLY DENIED '') : smart_read_frequency
  *Statement : statements
  *EnergyLegacySupplyAddress : supply_addresses
  *EnergyWarmHomeDiscount : warm_home_discount
  *AccountLedger : ledgers
EnergyAccountBillingOptions
  one(MONTHLY QUARTERLY)? : period_length
  int : period_length_multiplier
  int/1..28? : period_start_day
  int/1..12? : period_start_month
  flag : use_industry_billing
AccountCampaign
  text? : campaign_name campaign_note slug
  day? : expiry_date start_date
Address
  text/512 : administrative_area dependent_locality locality postal_code sorting_code
  text/2 : country!
  text/11 : delivery_point_identifier
  text : name organization street_address
  object? : structured_street_address
EnergyCommissionContract
  text/128 : affiliate_organisation_name!
  one(UNIT_RATE_UPLIFT) : commission_type
  day : effective_from! effective_to!
  text : mpxn!
  dec/10.3 : standing_charge_uplift unit_rate_uplift
  one(PAID PAYABLE) : status!
  dec/11.2 : value
Complaint
  email : complainant_email!
  text/255 : complainant_name!
  *ComplaintContact : complaint_contacts!
  moment : created_at!
  flag : has_chsr_letter_been_sent! has_eight_week_letter_been_sent!
  text : official_entity official_reference_number official_status subtype_of_complaint!
      type_of_complaint!
AccountConsent
  text/255 : description
  moment : signed_at
  any : type!
  one(ACCEPTED REJECTED UNKNOWN PENDING) : value!
ContributionSchemeAgreement
  day? : active_period_end_date
  day : active_period_start_date!
  dec/10.10 : amount!
  one(MONTHLY QUARTERLY) : interval!
  *ContributionSchemePeriod : periods
  text : scheme!
EnergyFit
  +EnergyInstallation : installations!
  text/512 : instruction_reference
  +EnergyMeter : meters!
  one(BACS CHEQUE CHAPS FOREIGN_CHAPS) : payment_method!
  text : vat_number
  one VENDOR_NAME : vendor_name
Metadata
  text/1024 : key!
  any : value!
Note
  text : body external_id
  moment : created_at unpin_at
  *NoteDocument : document_paths
  flag : is_archived is_pinned
PartnerOrganisation
  text/128 : organisation_number!
  any : role!
  text : source_reference_s3_key
  moment : valid_from! valid_to!
AccountPortfolio
  text/510 : billing_name
  *Note : notes
  *PortfolioReference : portfolio_references
  =PortfolioSettings? : portfolio_settings
AccountReference
  text/50 : namespace!
  text/100 : value!
Statement
  day : bill_period_from_date! bill_period_to_date!
  int? : gross_amount
  day? : issued_date
  text : number statement_id! statement_path
EnergyWarmHomeDiscount
  one(CREDIT PREPAY) : account_type
  one(CORE BROADER) : group
  text : tax_year
ComplaintContact
  text : body! communication_source!
  one(LANDLINE MOBILE EMAIL POST) : communication_method!
  moment : created_at!
  one(OPEN RESOLVED NO_CONTACT REOPENED DEADLOCK CANCELLED) : status!
ContributionSchemePeriod
  day : end_date! start_date!
  moment? : fulfilled_at
EnergyInstallation
  =EnergyAddress : address
  =EnergyCreditHold : credit_hold
  text : fit_id!
  *EnergyExtension : non_eligible_extensions
EnergyMeter
  +text : extensions!
  day : last_billed_to_date!
  text : make model mpan serial_number!
  =EnergyReading : transfer_reading!
  one(EXPORT SUPPLY GENERATION) : type!
NoteDocument
  text : document_path!
PortfolioReference
  one(external-portfolio-reference-id portfolio-label) : namespace!
  text/100 : value!
PortfolioSettings
  flag : collective_billing collective_payments delegate_billing_schedule_to_children
      send_collective_bill_constituent_messages
BusinessDetail
  one KEY : key!
  any : value!
BusinessPortfolio
  text/510 : billing_name
  *Note : notes
  +PortfolioReference : portfolio_references!
  =PortfolioSettings? : portfolio_settings
EnergyAddress
  text : county line1! line2 postcode! town
EnergyCreditHold
  day : active_from!
  text : notes
  one CREDIT_HOLD_REASON : reason!
EnergyExtension
  dec/10.10 : installed_capacity
  int : reference_number!
EnergyReading
  day : reading_date!
  dec/10.10 : reading_value!
Business
  text : business_contract_identifier
  *text : business_contract_identifiers
  one BUSINESS_TYPE_2 : business_type
  text/255 : company_name
  text/100 : company_number
  *BusinessDetail : details
  *BusinessPortfolio : portfolios
  any : segment_name
  *BusinessUser : users
  flag? : enforce_business_contracts_exist
"""
