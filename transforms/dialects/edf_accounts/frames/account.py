"""The account itself."""

from __future__ import annotations

from typing import Final

from transforms.dialect import FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
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
)
