"""The account itself."""

from __future__ import annotations

from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
)

_BILLING_ADDRESS: Final = (
    Column(
        name="billing_address1",
        kind="text",
        meaning="First line of the bill's address in Britain; empty where the address is foreign.",
    ),
    *columns(
        kind="text",
        keep_blank=True,
        meanings={f"billing_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)},
    ),
    Column(name="billing_postcode", kind="text", meaning="Postcode of it."),
    *(
        Column(name=f"foreign_{name}", field=f"billing_address.{name}", kind="text", meaning=meaning)
        for name, meaning in {
            "country": "Country of a foreign address, two letters; all empty for one in Britain.",
            "street_address": "Street of it, in one line.",
            "locality": "Town of it.",
            "administrative_area": "State or province of it.",
            "postal_code": "Postcode of it, in the form of its country.",
        }.items()
    ),
)
_BUSINESS: Final = (
    Column(
        name="business_type",
        field="business.business_type",
        kind="code",
        codes=codes.BUSINESS_TYPE,
        meaning="Kind of business; none of these four for a household.",
    ),
    *columns(
        kind="text",
        inside="business",
        meanings={"company_name": "Its name.", "company_number": "Its number in the register."},
    ),
    Column(
        name="segment_name",
        field="business.segment_name",
        kind="configured",
        setting="business_segments",
        meaning="Segment it belongs to.",
    ),
    Column(
        name="billing_period",
        field="account_billing_options.period_length",
        kind="code",
        codes=codes.BILLING_PERIOD,
        meaning="How often it is billed; empty with the next where Kraken decides.",
    ),
    Column(
        name="billing_day",
        field="account_billing_options.period_start_day",
        kind="integer",
        meaning="Day of the month on which that period begins.",
    ),
)

FRAMES: Final = (
    Frame(
        name="accounts",
        key=ACCOUNT,
        columns=(
            Column(
                name="unknown_occupier",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether the occupier is unknown; blank is not known.",
            ),
            Column(name="billing_name", kind="text", meaning="Name on the bill."),
            Column(name="billing_email", kind="text", meaning="Where bills are sent to by email."),
            *_BILLING_ADDRESS,
            Column(
                name="account_class",
                field="account_type",
                kind="code",
                codes=codes.ACCOUNT_CLASS,
                meaning="Kind of account.",
            ),
            *_BUSINESS,
            Column(
                name="sales_channel",
                kind="code",
                codes=codes.SALES_CHANNEL,
                meaning="How the customer was won; Kraken takes DIRECT where it is blank.",
            ),
            Column(
                name="sales_subchannel", kind="text", keep_blank=True, meaning="More on that; blank is sent."
            ),
            Column(
                name="affiliate_subdomain",
                kind="text",
                meaning="Affiliate who won the customer; it goes before the sales channel.",
            ),
            Column(
                name="operations_team",
                field="operations_team_name",
                kind="configured",
                setting="operations_teams",
                meaning="Team that looks after the account; empty where Kraken allocates it.",
            ),
            Column(
                name="balance",
                field="transfer_balance",
                kind="money",
                sign="debit_positive",
                meaning="What the customer owes on the day of the transfer.",
            ),
            Column(
                name="last_billed_to_date",
                kind="date",
                meaning="End of the last bill; empty if there never was one.",
            ),
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
                if_past="Kraken restarts the path on the day of the migration.",
                meaning="From when on it is on that path.",
            ),
            *columns(
                kind="date",
                meanings={
                    "last_statement_closing_date": "Last day of the last statement, where no ledger says it.",
                    "last_statement_issue_date": "When that was sent.",
                },
            ),
            Column(
                name="last_statement_balance",
                kind="money",
                sign="debit_positive",
                meaning="What the customer owed by that statement.",
            ),
        ),
    ),
    Frame(
        name="business_details",
        key=(*ACCOUNT, "business_detail_key"),
        parent="accounts",
        target="business.details",
        columns=(
            Column(
                name="key",
                kind="code",
                codes=codes.BUSINESS_DETAIL,
                required=True,
                meaning="What the value is.",
            ),
            Column(name="value", kind="document", required=True, meaning="The value, a text or a list."),
        ),
    ),
)
