"""The columns that the SQL under `sql/extract/national_grid_accounts/` must return, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns, expecting
from transforms.dialects.national_grid_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    AGREEMENT,
    CUSTOMER,
    METADATA,
    NOTE_DOCUMENTS,
    NOTES,
    TRANSACTION,
    USER_DETAILS,
    person,
    preferences,
)

_LEDGER: Final = (*ACCOUNT, "ledger_key")
_DOCUMENT: Final = (*_LEDGER, "billing_document_key")
_ADDRESS: Final = (*ACCOUNT, "supply_address_key")
_SUPPLY_POINT: Final = (*_ADDRESS, "supply_point_key")
_AGREEMENT: Final = (*_SUPPLY_POINT, "agreement_key")
_METER: Final = (*_SUPPLY_POINT, "meter_key")

_TRANSACTION: Final = (
    *TRANSACTION,
    Column("type", "code", "What was booked.", codes=codes.TRANSACTION_TYPE, required=True),
    Column("reason", "configured", "Why it was booked.", setting="transaction_reasons"),
)


def _address(*, inside: str) -> tuple[Column, ...]:
    meanings = {
        "street_address": "House number and street.",
        "locality": "City or town.",
        "administrative_area": "State, two letters; not every country has them.",
        "postal_code": "ZIP code, with its leading zeros; not every country has them.",
        "country": "Two-letter country code.",
    }
    expected = ("street_address", "locality", "country")
    return tuple(
        column
        for name, meaning in meanings.items()
        for column in columns(kind="text", inside=inside, expected=name in expected, meanings={name: meaning})
    )


FRAMES: Final = (
    Frame("accounts", key=ACCOUNT, columns=_address(inside="billing_address")),
    replace(METADATA, columns=expecting(*METADATA.columns)),
    Frame("customers", key=CUSTOMER, parent="accounts", target="customers", expected=True).having(
        *person(
            "given_name",
            "family_name",
            "email",
            "mobile",
            "landline",
            "date_of_birth",
            keep_blank=("landline",),
        ),
        *preferences("opted_into_updates", "opted_into_offers", "opted_into_sms"),
    ),
    Frame(
        "alternative_phones",
        key=(*CUSTOMER, "phone_key"),
        parent="customers",
        target="alternative_phone_numbers",
    ).having(Column("phone_number", "text", "A further number.", expected=True)),
    replace(USER_DETAILS, columns=expecting(*USER_DETAILS.columns)),
    replace(NOTES, columns=expecting(*NOTES.columns)),
    replace(NOTE_DOCUMENTS, columns=expecting(*NOTE_DOCUMENTS.columns)),
    Frame("ledgers", key=_LEDGER, parent="accounts", target="ledgers").having(
        Column("ledger_code", "configured", "Kind of ledger.", setting="ledger_codes", required=True),
        Column(
            "billing_document_type",
            "configured",
            "Kind of its bills.",
            setting="billing_document_types",
            expected=True,
        ),
        Column(
            "ledger_balance", "money", "What the customer owes now.", sign="debit_positive", required=True
        ),
        Column("last_statement_closing_date", "date", "Last day of the last statement."),
        Column("last_statement_issue_date", "date", "When it was sent."),
    ),
    Frame("billing_documents", key=_DOCUMENT, parent="ledgers", target="historical_billing_documents").having(
        Column("billing_document_identifier", "text", "Number of the bill.", expected=True),
        Column(
            "billing_document_type",
            "configured",
            "Kind of bill.",
            setting="billing_document_types",
            expected=True,
        ),
        Column("issued_date", "date", "When it was sent.", expected=True),
    ),
    Frame(
        "document_transactions",
        key=(*_DOCUMENT, "transaction_key"),
        parent="billing_documents",
        target="transactions",
        expected=True,
        columns=_TRANSACTION,
    ),
    Frame(
        "additional_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="additional_historical_transactions",
        send_empty=True,
        columns=_TRANSACTION,
    ),
    Frame(
        "current_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="current_statement_transactions",
        send_empty=True,
        columns=_TRANSACTION,
    ),
    Frame(
        "supply_addresses", key=_ADDRESS, parent="accounts", target="supply_addresses", expected=True
    ).having(
        Column(
            "customer_at_supply_address_from_date", "date", "Since when the customer has it.", expected=True
        ),
        *_address(inside="supply_address"),
        Column("site_number", "text", "Number of the property.", field="external_identifier", expected=True),
        Column(
            "driving_instructions", "text", "How to get there.", field="property_details.driving_instructions"
        ),
        Column(
            "property_type",
            "configured",
            "Kind of property.",
            field="property_details.property_type_specific_details.property_type",
            setting="property_types",
        ),
        Column(
            "premise_type",
            "configured",
            "Kind of building.",
            field="property_details.property_type_specific_details.premise_type",
            setting="premise_types",
        ),
        *columns(
            kind="text",
            inside="property_details.property_type_specific_details",
            meanings={"entry_instructions": "How to get in."},
        ),
    ),
    Frame(
        "supply_points", key=_SUPPLY_POINT, parent="supply_addresses", target="supply_points", expected=True
    ).having(
        Column("supply_type", "configured", "What is supplied.", setting="supply_types", expected=True),
        Column("identifier", "text", "Number of the supply point.", required=True),
        Column(
            "operating_company",
            "configured",
            "Company that runs the network there.",
            setting="operating_companies",
            expected=True,
        ),
        Column("supply_start_date", "date", "Start of the supply.", expected=True),
        Column("last_billed_to_date", "date", "End of the last bill."),
        *columns(
            kind="text",
            inside="supply_details",
            meanings={
                "standard_point_location_code": "Load zone of the market.",
                "load_profile_code": "Profile by which consumption is spread over the day.",
            },
        ),
        Column(
            "service_drop",
            "text",
            "Number of the line from the network to the property.",
            field="supply_details.service_drop.external_identifier",
        ),
        Column(
            "distribution_line_style",
            "configured",
            "Underground or overhead.",
            field="supply_details.service_drop.distribution_line_style",
            setting="line_styles",
        ),
        Column(
            "delivery_voltage",
            "text",
            "Range of the voltage.",
            field="supply_details.service_drop.delivery_voltage",
        ),
        Column(
            "metering_type",
            "configured",
            "On which side of the transformer it is metered.",
            field="supply_details.service_drop.metering_type",
            setting="metering_types",
        ),
    ),
    Frame(
        "agreements",
        key=_AGREEMENT,
        parent="supply_points",
        target="agreements",
        expected=True,
        columns=expecting(*AGREEMENT),
    ),
    Frame(
        "characteristics",
        key=(*_AGREEMENT, "characteristic_key"),
        parent="agreements",
        target="characteristics",
        columns=columns(
            kind="text",
            expected=True,
            meanings={"code": "A choice within the tariff.", "value": "What was chosen."},
        ),
    ),
    Frame("meters", key=_METER, parent="supply_points", target="meters").having(
        Column("active_from", "timestamp", "Since when it measures.", expected=True),
        Column("serial_number", "text", "Serial number.", expected=True),
        Column("status", "configured", "Whether it is switched on.", setting="meter_statuses", expected=True),
        Column(
            "service_type", "configured", "What it measures.", setting="meter_service_types", expected=True
        ),
        Column("voltage", "integer", "In volts."),
        Column("size", "integer", "In amperes."),
        Column("phase", "configured", "Number of phases.", setting="phases"),
        Column("retrieval_method", "text", "How readings are retrieved."),
        Column("model", "text", "Model."),
        Column("manufacturer", "text", "Who made it."),
        Column("advance_meter_info", "text", "Kind of smart meter."),
        Column(
            "is_net_metered",
            "code",
            "Whether what is fed in is deducted; blank is unknown.",
            codes=OPTIONAL_FLAG,
        ),
    ),
    Frame(
        "registers", key=(*_METER, "register_key"), parent="meters", target="registers", expected=True
    ).having(
        Column("register_type", "configured", "What it counts.", setting="register_types", expected=True),
        Column("digits", "integer", "Digits that it shows.", expected=True),
        Column("multiplier", "decimal", "By what its count is multiplied.", expected=True),
    ),
)
