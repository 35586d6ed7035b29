"""The fields of a US account, as its guide shows them. The guide lists no choices, so few are checked."""

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

_ADDRESS: Final[Shape] = {
    "street_address": _NAME,
    "locality": _NAME,
    "administrative_area": _NAME,
    "postal_code": _NAME,
    "country": _NAME,
}
_CUSTOMER: Final[Shape] = {
    "given_name": text(longest=255),
    "family_name": text(longest=255),
    "email": text(longest=254),
    "mobile": text(longest=32),
    "landline": text(longest=32),
    "date_of_birth": DAY,
    "alternative_phone_numbers": many({"phone_number": _NAME}),
    "customer_preferences": one(
        {"opted_into_updates": BOOLEAN, "opted_into_offers": BOOLEAN, "opted_into_sms": BOOLEAN}
    ),
    "user_details": many({"namespace": _NAME, "value": _NAME}),
}
_TRANSACTION: Final[Shape] = {
    "transaction_id": _NAME,
    "type": required(choice("PAYMENT", "CREDIT", "CHARGE", "REPAYMENT")),
    "reason": text(),
    "amount": required(DECIMAL),
    "transaction_date": required(DAY),
}
_LEDGER: Final[Shape] = {
    "ledger_code": _NAME,
    "billing_document_type": _NAME,
    "ledger_balance": required(DECIMAL),
    "last_statement_closing_date": DAY,
    "last_statement_issue_date": DAY,
    "historical_billing_documents": many(
        {
            "billing_document_identifier": _NAME,
            "billing_document_type": _NAME,
            "issued_date": required(DAY),
            "transactions": required(many(_TRANSACTION)),
        }
    ),
    "additional_historical_transactions": many(_TRANSACTION),
    "current_statement_transactions": many(_TRANSACTION),
}
_METER: Final[Shape] = {
    "active_from": required(MOMENT),
    "serial_number": _NAME,
    "status": required(choice("on", "off")),
    "service_type": _NAME,
    "voltage": INTEGER,
    "size": INTEGER,
    "phase": text(),
    "retrieval_method": text(),
    "model": text(),
    "manufacturer": text(),
    "advance_meter_info": text(),
    "is_net_metered": BOOLEAN,
    "registers": many({"register_type": _NAME, "digits": required(INTEGER), "multiplier": required(DECIMAL)}),
}
_SUPPLY_POINT: Final[Shape] = {
    "supply_type": required(choice("ELECTRICITY", "GAS")),
    "identifier": _NAME,
    "operating_company": _NAME,
    "supply_start_date": required(DAY),
    "last_billed_to_date": DAY,
    "agreements": many(
        {
            "effective_from": required(DAY),
            "effective_to": DAY,
            "tariff_code": _NAME,
            "characteristics": many({"code": _NAME, "value": _NAME}),
        }
    ),
    "supply_details": one(
        {
            "standard_point_location_code": text(),
            "load_profile_code": text(),
            "service_drop": one(
                {
                    "external_identifier": _NAME,
                    "distribution_line_style": text(),
                    "delivery_voltage": text(),
                    "metering_type": text(),
                }
            ),
        }
    ),
    "meters": many(_METER),
}
SHAPE: Final[Shape] = {
    "import_supplier": _NAME,
    "external_account_number": required(text(longest=128, blank=False)),
    "billing_address": required(one(_ADDRESS)),
    "metadata": many({"key": required(text(longest=1024, blank=False))}),
    "customers": required(many(_CUSTOMER)),
    "notes": many(
        {
            "created_at": MOMENT,
            "body": text(),
            "is_pinned": BOOLEAN,
            "unpin_at": MOMENT,
            "document_paths": many({"document_path": _NAME}),
        }
    ),
    "ledgers": many(_LEDGER),
    "supply_addresses": required(
        many(
            {
                "customer_at_supply_address_from_date": required(DAY),
                "supply_address": required(one(_ADDRESS)),
                "external_identifier": text(),
                "property_details": one(
                    {
                        "driving_instructions": text(),
                        "property_type_specific_details": one(
                            {"property_type": text(), "premise_type": text(), "entry_instructions": text()}
                        ),
                    }
                ),
                "supply_points": required(many(_SUPPLY_POINT)),
            }
        )
    ),
}
