"""The fields of a British account, from the document that EDF's Kraken serves; `ledgers` from the guide."""

from __future__ import annotations

from typing import Final

from simulator.rules.shape import (
    BOOLEAN,
    DAY,
    DECIMAL,
    INTEGER,
    MOMENT,
    Shape,
    choice,
    many,
    one,
    required,
    text,
)

_NAME: Final = required(text(blank=False))

_PERSON: Final[Shape] = {
    "given_name": text(longest=255),
    "family_name": text(longest=255),
    "email": text(longest=254),
    "mobile": text(longest=32),
    "landline": text(longest=32),
    "date_of_birth": DAY,
    "title": text(longest=20),
    "salutation": text(longest=128),
}
_CUSTOMER: Final[Shape] = {
    **_PERSON,
    "psr": many(
        {
            "elec_industry_code": text(),
            "gas_industry_code": text(),
            "effective_from": MOMENT,
            "effective_to": MOMENT,
        }
    ),
    "customer_preferences": one(
        {
            "opted_into_sms": BOOLEAN,
            "opted_into_recommended": BOOLEAN,
            "opted_into_updates": BOOLEAN,
            "opted_into_third_parties": BOOLEAN,
            "opted_into_offers": BOOLEAN,
            "is_user_psr_consent_obtained": BOOLEAN,
        }
    ),
}
_READING: Final[Shape] = {
    "register_id": text(longest=32),
    "reading_date": required(DAY),
    "reading_value": required(DECIMAL),
    "reading_type": required(choice("CUSTOMER", "ESTIMATE", "ROUTINE", "SMART", "REGULAR")),
}
_METER: Final[Shape] = {
    "meter_serial_number": required(text(longest=32, blank=False)),
    "installed_on": DAY,
    "removed_on": DAY,
    "smart_type": choice("NONE", "SMETS1", "SMETS1_ENROLLED", "SMETS2"),
    "gas_number_of_digits": INTEGER,
    "is_prepay": BOOLEAN,
    "prepay_details": one(
        {
            "debt_balance": required(DECIMAL),
            "credit_balance": required(DECIMAL),
            "transfer_vend_read_date": required(DAY),
            "gas_debt_repayment_options": one({"weekly_min": DECIMAL, "weekly_max": DECIMAL}),
        }
    ),
    "registers": many(
        {
            "register_id": required(text(longest=32, blank=False)),
            "tpr": text(),
            "number_of_digits": required(INTEGER),
            "is_settlement": BOOLEAN,
        }
    ),
    "transfer_readings": many(_READING),
    "reading_history": many({**_READING, "billed": required(BOOLEAN)}),
}
_METER_POINT: Final[Shape] = {
    "identifier": _NAME,
    "supply_type": required(choice("ELECTRICITY", "GAS")),
    "agreements": many({"tariff_code": _NAME, "effective_from": required(DAY), "effective_to": DAY}),
    "mpid": required(text(longest=4, blank=False)),
    "shipper_mpid": text(longest=3),
    "supply_start_date": required(DAY),
    "supply_end_date": DAY,
    "profile_class": INTEGER,
    "ssc": text(),
    "meters": many(_METER),
    "et_in_progress": BOOLEAN,
    "dr_in_progress": BOOLEAN,
    "smart_refusal_interest": one(
        {
            "type": required(choice("NOT_INTERESTED", "INTERESTED", "NOT_AT_THE_MOMENT")),
            "date": required(DAY),
            "refusal_reason": text(),
            "source": choice("WEBSITE", "EMAIL", "OTHER"),
        }
    ),
    "eac_history": many(
        {
            "effective_from": required(DAY),
            "tpr": required(text(longest=16, blank=False)),
            "consumption": required(DECIMAL),
            "source": text(longest=255),
        }
    ),
    "aq_history": many(
        {"effective_from": required(DAY), "effective_to": DAY, "consumption": required(DECIMAL)}
    ),
}
_SUPPLY_ADDRESS: Final[Shape] = {
    "supply_address1": required(text(longest=512, blank=False)),
    **{f"supply_address{line}": text(longest=512) for line in range(2, 6)},
    "supply_postcode": _NAME,
    "is_landlord": BOOLEAN,
    "customer_at_supply_address_from_date": required(DAY),
    "meter_points": required(many(_METER_POINT)),
    "property_administrators": many(_PERSON),
}
_TRANSACTION: Final[Shape] = {
    "transaction_id": _NAME,
    "transaction_date": required(DAY),
    "amount": required(DECIMAL),
    "type": required(choice("PAYMENT", "CREDIT", "CHARGE", "REPAYMENT")),
    "reason": text(),
    "payment_type": text(),
    "to_prepay_meter_serial_number": text(),
}
_LEDGER: Final[Shape] = {
    "current_statement_transactions": many(_TRANSACTION),
    "historical_statement_transactions": many(_TRANSACTION),
    "last_statement_closing_date": DAY,
    "last_statement_balance": DECIMAL,
    "last_statement_issue_date": DAY,
    "ledger_balance": required(DECIMAL),
}
_PAYMENT_SCHEDULE: Final[Shape] = {
    "amount": DECIMAL,
    "day_of_month": INTEGER,
    "frequency": choice(
        "MONTHLY", "QUARTERLY", "WEEKLY", "FORTNIGHTLY", "FOUR_WEEKLY", "ANNUALLY", "SIX_MONTHLY"
    ),
    "means": required(choice("DD", "CARD", "MANUAL", "PAYMENT_SLIP")),
    "start_date": required(DAY),
    "end_date": DAY,
    "is_debt_repayment_plan": BOOLEAN,
    "debt_repayment_element": DECIMAL,
    "debt_repayment_end_date": DAY,
}
SHAPE: Final[Shape] = {
    "import_supplier": _NAME,
    "external_account_number": required(text(longest=128, blank=False)),
    "unknown_occupier": BOOLEAN,
    "customers": many(_CUSTOMER),
    "billing_name": text(longest=510),
    **{f"billing_address{line}": text(longest=512) for line in range(1, 6)},
    "billing_postcode": text(longest=512),
    "account_type": choice(
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
    ),
    "sales_channel": text(),
    "sales_subchannel": text(),
    "supply_addresses": required(many(_SUPPLY_ADDRESS)),
    "transfer_balance": DECIMAL,
    "ledgers": many(_LEDGER),
    "last_billed_to_date": DAY,
    "payment_schedules": many(_PAYMENT_SCHEDULE),
    "references": many({"namespace": required(text(longest=50)), "value": required(text(longest=100))}),
    "notes": many({"created_at": MOMENT, "body": text(), "document_paths": many({"document_path": _NAME})}),
    "statements": many(
        {
            "bill_period_from_date": required(DAY),
            "bill_period_to_date": required(DAY),
            "statement_path": text(),
            "statement_id": _NAME,
        }
    ),
    "warm_home_discount": many(
        {"tax_year": text(), "account_type": choice("CREDIT", "PREPAY"), "group": choice("CORE", "BROADER")}
    ),
    "dunning_path": one({"path_name": required(text(longest=256, blank=False)), "start_date": DAY}),
    "debts": many(
        {
            "agency_name": text(longest=256),
            "start_date": DAY,
            "is_insolvent": BOOLEAN,
            "aged_debt": many({"debt_amount": DECIMAL, "due_date": DAY}),
        }
    ),
    "last_payment_review_date": DAY,
    "next_bill_due_date": DAY,
    "smart_read_frequency": choice("MONTHLY", "DAILY", "HALF_HOURLY", "DENIED", ""),
    "smart_read_cycle_day": INTEGER,
    "communication_preference": choice("ONLINE", "PRINT"),
    "document_accessibility": choice("LARGE_PRINT", "BRAILLE", "SPOKEN", ""),
    "account_campaigns": many({"slug": text(), "campaign_note": text()}),
    "metadata": many({"key": required(text(longest=1024, blank=False))}),
}
