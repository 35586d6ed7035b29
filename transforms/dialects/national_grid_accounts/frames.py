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
    Column(name="type", kind="code", codes=codes.TRANSACTION_TYPE, required=True, meaning="What was booked."),
    Column(name="reason", kind="configured", setting="transaction_reasons", meaning="Why it was booked."),
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
    Frame(name="accounts", key=ACCOUNT, columns=_address(inside="billing_address")),
    replace(METADATA, columns=expecting(*METADATA.columns)),
    Frame(
        name="customers",
        key=CUSTOMER,
        parent="accounts",
        target="customers",
        expected=True,
        columns=(
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
    ),
    Frame(
        name="alternative_phones",
        key=(*CUSTOMER, "phone_key"),
        parent="customers",
        target="alternative_phone_numbers",
        columns=columns(kind="text", expected=True, meanings={"phone_number": "A further number."}),
    ),
    replace(USER_DETAILS, columns=expecting(*USER_DETAILS.columns)),
    replace(NOTES, columns=expecting(*NOTES.columns)),
    replace(NOTE_DOCUMENTS, columns=expecting(*NOTE_DOCUMENTS.columns)),
    Frame(
        name="ledgers",
        key=_LEDGER,
        parent="accounts",
        target="ledgers",
        columns=(
            Column(
                name="ledger_code",
                kind="configured",
                setting="ledger_codes",
                required=True,
                meaning="Kind of ledger.",
            ),
            Column(
                name="billing_document_type",
                kind="configured",
                setting="billing_document_types",
                expected=True,
                meaning="Kind of its bills.",
            ),
            Column(
                name="ledger_balance",
                kind="money",
                sign="debit_positive",
                required=True,
                meaning="What the customer owes now.",
            ),
            *columns(
                kind="date",
                meanings={
                    "last_statement_closing_date": "Last day of the last statement.",
                    "last_statement_issue_date": "When it was sent.",
                },
            ),
        ),
    ),
    Frame(
        name="billing_documents",
        key=_DOCUMENT,
        parent="ledgers",
        target="historical_billing_documents",
        columns=(
            Column(
                name="billing_document_identifier", kind="text", expected=True, meaning="Number of the bill."
            ),
            Column(
                name="billing_document_type",
                kind="configured",
                setting="billing_document_types",
                expected=True,
                meaning="Kind of bill.",
            ),
            Column(name="issued_date", kind="date", expected=True, meaning="When it was sent."),
        ),
    ),
    Frame(
        name="document_transactions",
        key=(*_DOCUMENT, "transaction_key"),
        parent="billing_documents",
        target="transactions",
        expected=True,
        columns=_TRANSACTION,
    ),
    Frame(
        name="additional_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="additional_historical_transactions",
        send_empty=True,
        columns=_TRANSACTION,
    ),
    Frame(
        name="current_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="current_statement_transactions",
        send_empty=True,
        columns=_TRANSACTION,
    ),
    Frame(
        name="supply_addresses",
        key=_ADDRESS,
        parent="accounts",
        target="supply_addresses",
        expected=True,
        columns=(
            Column(
                name="customer_at_supply_address_from_date",
                kind="date",
                expected=True,
                meaning="Since when the customer has it.",
            ),
            *_address(inside="supply_address"),
            Column(
                name="site_number",
                field="external_identifier",
                kind="text",
                expected=True,
                meaning="Number of the property.",
            ),
            *columns(
                kind="text",
                inside="property_details",
                meanings={"driving_instructions": "How to get there."},
            ),
            Column(
                name="property_type",
                field="property_details.property_type_specific_details.property_type",
                kind="configured",
                setting="property_types",
                meaning="Kind of property.",
            ),
            Column(
                name="premise_type",
                field="property_details.property_type_specific_details.premise_type",
                kind="configured",
                setting="premise_types",
                meaning="Kind of building.",
            ),
            *columns(
                kind="text",
                inside="property_details.property_type_specific_details",
                meanings={"entry_instructions": "How to get in."},
            ),
        ),
    ),
    Frame(
        name="supply_points",
        key=_SUPPLY_POINT,
        parent="supply_addresses",
        target="supply_points",
        expected=True,
        columns=(
            Column(
                name="supply_type",
                kind="configured",
                setting="supply_types",
                expected=True,
                meaning="What is supplied.",
            ),
            Column(name="identifier", kind="text", required=True, meaning="Number of the supply point."),
            Column(
                name="operating_company",
                kind="configured",
                setting="operating_companies",
                expected=True,
                meaning="Company that runs the network there.",
            ),
            Column(name="supply_start_date", kind="date", expected=True, meaning="Start of the supply."),
            Column(name="last_billed_to_date", kind="date", meaning="End of the last bill."),
            *columns(
                kind="text",
                inside="supply_details",
                meanings={
                    "standard_point_location_code": "Load zone of the market.",
                    "load_profile_code": "Profile by which consumption is spread over the day.",
                },
            ),
            Column(
                name="service_drop",
                field="supply_details.service_drop.external_identifier",
                kind="text",
                meaning="Number of the line from the network to the property.",
            ),
            Column(
                name="distribution_line_style",
                field="supply_details.service_drop.distribution_line_style",
                kind="configured",
                setting="line_styles",
                meaning="Underground or overhead.",
            ),
            Column(
                name="delivery_voltage",
                field="supply_details.service_drop.delivery_voltage",
                kind="text",
                meaning="Range of the voltage.",
            ),
            Column(
                name="metering_type",
                field="supply_details.service_drop.metering_type",
                kind="configured",
                setting="metering_types",
                meaning="On which side of the transformer it is metered.",
            ),
        ),
    ),
    Frame(
        name="agreements",
        key=_AGREEMENT,
        parent="supply_points",
        target="agreements",
        expected=True,
        columns=expecting(*AGREEMENT),
    ),
    Frame(
        name="characteristics",
        key=(*_AGREEMENT, "characteristic_key"),
        parent="agreements",
        target="characteristics",
        columns=columns(
            kind="text",
            expected=True,
            meanings={"code": "A choice within the tariff.", "value": "What was chosen."},
        ),
    ),
    Frame(
        name="meters",
        key=_METER,
        parent="supply_points",
        target="meters",
        columns=(
            Column(name="active_from", kind="timestamp", expected=True, meaning="Since when it measures."),
            Column(name="serial_number", kind="text", expected=True, meaning="Serial number."),
            Column(
                name="status",
                kind="configured",
                setting="meter_statuses",
                expected=True,
                meaning="Whether it is switched on.",
            ),
            Column(
                name="service_type",
                kind="configured",
                setting="meter_service_types",
                expected=True,
                meaning="What it measures.",
            ),
            *columns(kind="integer", meanings={"voltage": "In volts.", "size": "In amperes."}),
            Column(name="phase", kind="configured", setting="phases", meaning="Number of phases."),
            *columns(
                kind="text",
                meanings={
                    "retrieval_method": "How readings are retrieved.",
                    "model": "Model.",
                    "manufacturer": "Who made it.",
                    "advance_meter_info": "Kind of smart meter.",
                },
            ),
            Column(
                name="is_net_metered",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether what is fed in is deducted; blank is unknown.",
            ),
        ),
    ),
    Frame(
        name="registers",
        key=(*_METER, "register_key"),
        parent="meters",
        target="registers",
        expected=True,
        columns=(
            Column(
                name="register_type",
                kind="configured",
                setting="register_types",
                expected=True,
                meaning="What it counts.",
            ),
            Column(name="digits", kind="integer", expected=True, meaning="Digits that it shows."),
            Column(
                name="multiplier", kind="decimal", expected=True, meaning="By what its count is multiplied."
            ),
        ),
    ),
)
