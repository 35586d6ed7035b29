"""What the SQL under `sql/extract/edf_accounts/` must deliver, frame by frame."""

from __future__ import annotations

from typing import Final

from transforms.dialect import FLAG, OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    AGREEMENT,
    CUSTOMER,
    METADATA,
    NOTE_DOCUMENTS,
    NOTES,
    TRANSACTION,
    person,
    preferences,
)

_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_METER_POINT: Final = (*_ADDRESS, "meter_point_key")
_METER: Final = (*_METER_POINT, "meter_key")
_LEDGER: Final = (*ACCOUNT, "ledger_key")

_PERSON: Final = person(
    "title", "given_name", "family_name", "email", "mobile", "landline", "salutation", "date_of_birth"
)

_TRANSACTION: Final = (
    *TRANSACTION,
    Column(name="type", kind="code", codes=codes.TRANSACTION_TYPE, required=True, meaning="What was booked."),
    Column(name="reason", kind="code", codes=codes.TRANSACTION_REASON, meaning="Why it was booked."),
    Column(name="payment_type", kind="text", keep_blank=True, meaning="Means of payment; blank is sent."),
)

_READING: Final = (
    Column(name="register_id", kind="text", meaning="Register; empty for gas."),
    Column(name="reading_date", kind="date", required=True, meaning="When it was read."),
    Column(
        name="reading_value",
        kind="decimal",
        decimals="reading_decimals",
        required=True,
        meaning="The digits before the point; reading_decimals has those after it.",
    ),
    Column(name="reading_type", kind="code", codes=codes.READING_TYPE, required=True, meaning="Who read it."),
)

FRAMES: Final = (
    Frame(
        name="accounts",
        key=ACCOUNT,
        columns=(
            Column(
                name="unknown_occupier",
                kind="code",
                codes=FLAG,
                meaning="Whether nobody knows who lives there.",
            ),
            Column(name="billing_name", kind="text", meaning="Name on the bill."),
            Column(
                name="billing_address1",
                kind="text",
                required=True,
                meaning="First line of the bill's address.",
            ),
            *columns(
                kind="text",
                keep_blank=True,
                meanings={
                    f"billing_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)
                },
            ),
            Column(name="billing_postcode", kind="text", required=True, meaning="Postcode of it."),
            Column(
                name="account_class",
                field="account_type",
                kind="code",
                codes=codes.ACCOUNT_CLASS,
                required=True,
                meaning="Kind of account.",
            ),
            Column(
                name="sales_channel",
                kind="code",
                codes=codes.SALES_CHANNEL,
                required=True,
                meaning="How the customer was won.",
            ),
            Column(
                name="sales_subchannel", kind="text", keep_blank=True, meaning="More on that; blank is sent."
            ),
            Column(
                name="balance",
                field="transfer_balance",
                kind="money",
                sign="debit_positive",
                required=True,
                meaning="What the customer owes on the day of the transfer.",
            ),
            Column(name="last_billed_to_date", kind="date", required=True, meaning="End of the last bill."),
            *columns(
                kind="date",
                meanings={
                    "last_payment_review_date": "When the payments were last reviewed.",
                    "next_bill_due_date": "When the next bill is due.",
                },
            ),
            Column(
                name="smart_read_frequency",
                kind="code",
                codes=codes.READ_FREQUENCY,
                meaning="How often the smart meter is read.",
            ),
            Column(name="smart_read_cycle_day", kind="integer", meaning="Day of the month it is read on."),
            Column(
                name="communication_preference",
                kind="code",
                codes=codes.COMMUNICATION,
                meaning="Online or on paper.",
            ),
            Column(
                name="document_accessibility",
                kind="code",
                codes=codes.ACCESSIBILITY,
                meaning="Special form of documents.",
            ),
            Column(
                name="dunning_path",
                field="dunning_path.path_name",
                kind="configured",
                setting="dunning_paths",
                meaning="Collections path.",
            ),
            Column(
                name="dunning_start_date",
                field="dunning_path.start_date",
                kind="date",
                meaning="Since when it is on that path.",
            ),
        ),
    ),
    Frame(
        name="customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        required=True,
        unless="unknown_occupier",
        columns=(
            *_PERSON,
            *preferences(
                "opted_into_sms",
                "opted_into_recommended",
                "opted_into_updates",
                "opted_into_third_parties",
                "opted_into_offers",
                "is_user_psr_consent_obtained",
            ),
        ),
    ),
    Frame(
        name="priority_services",
        key=(*CUSTOMER, "priority_service_key"),
        parent="customers",
        target="psr",
        columns=(
            *columns(
                kind="text",
                meanings={
                    "elec_industry_code": "Code of the need in electricity.",
                    "gas_industry_code": "Code of the need in gas.",
                },
            ),
            Column(name="effective_from", kind="date", required=True, meaning="Since when."),
        ),
    ),
    Frame(
        name="supply_addresses",
        key=_ADDRESS,
        parent="accounts",
        target="supply_addresses",
        required=True,
        columns=(
            Column(name="supply_address1", kind="text", required=True, meaning="First line of the address."),
            *columns(
                kind="text",
                keep_blank=True,
                meanings={
                    f"supply_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)
                },
            ),
            Column(name="supply_postcode", kind="text", required=True, meaning="Postcode of it."),
            Column(name="is_landlord", kind="code", codes=FLAG, meaning="Whether the customer lets it."),
            Column(
                name="customer_at_supply_address_from_date",
                kind="date",
                required=True,
                meaning="Since when the customer has it.",
            ),
        ),
    ),
    Frame(
        name="property_administrators",
        key=(*_ADDRESS, "administrator_key"),
        parent="supply_addresses",
        target="property_administrators",
        columns=_PERSON,
    ),
    Frame(
        name="meter_points",
        key=_METER_POINT,
        parent="supply_addresses",
        target="meter_points",
        required=True,
        columns=(
            Column(name="identifier", kind="text", required=True, meaning="MPAN or MPRN."),
            Column(
                name="fuel",
                field="supply_type",
                kind="code",
                codes=codes.FUEL,
                required=True,
                meaning="Fuel.",
            ),
            Column(name="mpid", kind="text", required=True, meaning="Market participant of the supplier."),
            Column(name="shipper_mpid", kind="text", meaning="Gas shipper; empty for electricity."),
            Column(name="supply_start_date", kind="date", required=True, meaning="Start of the supply."),
            Column(name="profile_class", kind="integer", meaning="Profile class; empty for gas."),
            Column(name="ssc", kind="text", meaning="Standard settlement configuration; empty for gas."),
            *columns(
                kind="code",
                codes=FLAG,
                meanings={
                    "et_in_progress": "Whether an erroneous transfer is under way.",
                    "dr_in_progress": "Whether a disputed reading is under way.",
                },
            ),
            Column(
                name="smart_interest",
                field="smart_refusal_interest.type",
                kind="code",
                codes=codes.REFUSAL,
                meaning="What the customer said to a smart meter.",
            ),
            Column(
                name="smart_interest_date",
                field="smart_refusal_interest.date",
                kind="date",
                meaning="When that was said.",
            ),
            Column(
                name="smart_refusal_reason",
                field="smart_refusal_interest.refusal_reason",
                kind="code",
                codes=codes.REFUSAL_REASON,
                meaning="Why not.",
            ),
            Column(
                name="smart_interest_source",
                field="smart_refusal_interest.source",
                kind="code",
                codes=codes.REFUSAL_SOURCE,
                meaning="How that was said.",
            ),
        ),
    ),
    Frame(
        name="agreements",
        key=(*_METER_POINT, "agreement_key"),
        parent="meter_points",
        target="agreements",
        columns=AGREEMENT,
    ),
    Frame(
        name="meters",
        key=_METER,
        parent="meter_points",
        target="meters",
        columns=(
            Column(name="meter_serial_number", kind="text", required=True, meaning="Serial number."),
            Column(name="installed_on", kind="date", meaning="When it was installed."),
            Column(name="gas_number_of_digits", kind="integer", meaning="Digits of a gas meter."),
            Column(
                name="meter_generation",
                field="smart_type",
                kind="code",
                codes=codes.METER_GENERATION,
                meaning="Generation of a smart meter.",
            ),
            Column(name="is_prepay", kind="code", codes=OPTIONAL_FLAG, meaning="Whether it is prepaid."),
            Column(
                name="prepay_customer_reference_number",
                kind="text",
                meaning="Customer's number on the key or card of an electricity prepay meter.",
            ),
            *columns(
                kind="money",
                inside="prepay_details",
                meanings={
                    "debt_balance": "Debt on a prepay meter.",
                    "credit_balance": "Credit on a prepay meter.",
                },
            ),
            *columns(
                kind="date",
                inside="prepay_details",
                meanings={"transfer_vend_read_date": "When the prepay meter was read."},
            ),
            *columns(
                kind="money",
                inside="prepay_details.gas_debt_repayment_options",
                meanings={
                    "weekly_min": "Least that is collected a week.",
                    "weekly_max": "Most that is collected a week.",
                },
            ),
        ),
    ),
    Frame(
        name="registers",
        key=(*_METER, "register_key"),
        parent="meters",
        target="registers",
        columns=(
            Column(name="register_id", kind="text", required=True, meaning="Register."),
            Column(name="tpr", kind="text", meaning="Time pattern regime."),
            Column(name="number_of_digits", kind="integer", required=True, meaning="Digits that it shows."),
            Column(
                name="is_settlement",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether it counts in settlement.",
            ),
        ),
    ),
    Frame(
        name="transfer_readings",
        key=(*_METER, "reading_key"),
        parent="meters",
        target="transfer_readings",
        columns=_READING,
    ),
    Frame(
        name="reading_history",
        key=(*_METER, "reading_key"),
        parent="meters",
        target="reading_history",
        columns=(
            *_READING,
            Column(name="billed", kind="code", codes=FLAG, required=True, meaning="Whether it was billed."),
        ),
    ),
    Frame(
        name="eac_history",
        key=(*_METER_POINT, "consumption_key"),
        parent="meter_points",
        target="eac_history",
        columns=(
            Column(name="effective_from", kind="date", required=True, meaning="Since when."),
            Column(name="tpr", kind="text", required=True, meaning="Time pattern regime."),
            Column(name="consumption", kind="decimal", required=True, meaning="kWh a year."),
            Column(name="source", kind="text", meaning="Industry flow that brought it."),
        ),
    ),
    Frame(
        name="aq_history",
        key=(*_METER_POINT, "consumption_key"),
        parent="meter_points",
        target="aq_history",
        columns=(
            Column(name="effective_from", kind="date", required=True, meaning="First day."),
            Column(name="effective_to", kind="date", meaning="Last day; empty while it holds."),
            Column(name="consumption", kind="decimal", required=True, meaning="kWh a year."),
        ),
    ),
    Frame(
        name="ledgers",
        key=_LEDGER,
        parent="accounts",
        target="ledgers",
        columns=(
            *columns(
                kind="date",
                meanings={
                    "last_statement_closing_date": "Last day of the last statement.",
                    "last_statement_issue_date": "When it was sent.",
                },
            ),
            Column(
                name="last_statement_balance",
                kind="money",
                sign="debit_positive",
                meaning="What the customer owed by that statement.",
            ),
            Column(
                name="ledger_balance",
                kind="money",
                sign="debit_positive",
                required=True,
                meaning="What the customer owes now.",
            ),
        ),
    ),
    Frame(
        name="current_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="current_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="historical_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="historical_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="payment_schedules",
        key=(*ACCOUNT, "schedule_key"),
        parent="accounts",
        target="payment_schedules",
        columns=(
            Column(name="amount", kind="money", required=True, meaning="What is paid each time."),
            Column(name="day_of_month", kind="integer", meaning="On which day."),
            Column(
                name="frequency",
                kind="code",
                codes=codes.SCHEDULE_FREQUENCY,
                required=True,
                meaning="How often.",
            ),
            Column(name="means", kind="code", codes=codes.PAYMENT_MEANS, required=True, meaning="How."),
            Column(name="start_date", kind="date", required=True, meaning="Since when."),
            Column(
                name="is_debt_repayment_plan",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether it pays off a debt.",
            ),
            Column(name="debt_repayment_element", kind="money", meaning="The part that does."),
            Column(name="debt_repayment_end_date", kind="date", meaning="Until when."),
        ),
    ),
    Frame(
        name="references",
        key=(*ACCOUNT, "reference_key"),
        parent="accounts",
        target="references",
        columns=columns(
            kind="text",
            required=True,
            meanings={"namespace": "System that knows the account.", "value": "Its identifier there."},
        ),
    ),
    NOTES,
    NOTE_DOCUMENTS,
    Frame(
        name="statements",
        key=(*ACCOUNT, "statement_key"),
        parent="accounts",
        target="statements",
        columns=(
            *columns(
                kind="date",
                required=True,
                meanings={
                    "bill_period_from_date": "First day of the bill.",
                    "bill_period_to_date": "Last day of the bill.",
                },
            ),
            Column(name="statement_path", kind="text", meaning="Where it is stored."),
            Column(name="statement_id", kind="text", required=True, meaning="Number of the bill."),
        ),
    ),
    Frame(
        name="warm_home_discounts",
        key=(*ACCOUNT, "discount_key"),
        parent="accounts",
        target="warm_home_discount",
        columns=(
            Column(name="tax_year", kind="text", required=True, meaning="Tax year, for example 2017/18."),
            Column(
                name="account_type",
                kind="code",
                codes=codes.WARM_HOME_ACCOUNT,
                required=True,
                meaning="Credit or prepay.",
            ),
            Column(
                name="group",
                kind="code",
                codes=codes.WARM_HOME_GROUP,
                required=True,
                meaning="Core or broader group.",
            ),
        ),
    ),
    Frame(
        name="debts",
        key=(*ACCOUNT, "debt_key"),
        parent="accounts",
        target="debts",
        columns=(
            Column(name="agency_name", kind="text", required=True, meaning="Agency that collects it."),
            Column(name="start_date", kind="date", required=True, meaning="Since when."),
            Column(name="is_insolvent", kind="code", codes=FLAG, meaning="Whether the debtor is insolvent."),
        ),
    ),
    Frame(
        name="aged_debts",
        key=(*ACCOUNT, "debt_key", "aged_debt_key"),
        parent="debts",
        target="aged_debt",
        columns=(
            Column(name="debt_amount", kind="money", required=True, meaning="Amount."),
            Column(name="due_date", kind="date", required=True, meaning="When it was due."),
        ),
    ),
    Frame(
        name="campaigns",
        key=(*ACCOUNT, "campaign_key"),
        parent="accounts",
        target="account_campaigns",
        columns=(
            Column(name="slug", kind="configured", setting="campaigns", required=True, meaning="Campaign."),
            Column(name="campaign_note", kind="text", meaning="A note on it."),
        ),
    ),
    METADATA,
)
