"""The account itself."""

from __future__ import annotations

from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import ACCOUNT

_BILLING_ADDRESS: Final = (
    Column(
        "billing_address1",
        "text",
        "First line of the bill's address in Britain; empty where the address is foreign.",
    ),
    *columns(
        kind="text",
        keep_blank=True,
        meanings={f"billing_address{line}": f"Line {line} of it; blank is sent." for line in range(2, 6)},
    ),
    Column("billing_postcode", "text", "Postcode of it."),
    *(
        Column(f"foreign_{name}", "text", meaning, field=f"billing_address.{name}")
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
        "business_type",
        "code",
        "Kind of business; none of these four for a household.",
        field="business.business_type",
        codes=codes.BUSINESS_TYPE,
    ),
    Column("company_name", "text", "Its name.", field="business.company_name"),
    Column("company_number", "text", "Its number in the register.", field="business.company_number"),
    Column(
        "segment_name",
        "configured",
        "Segment it belongs to.",
        field="business.segment_name",
        setting="business_segments",
    ),
    Column(
        "billing_period",
        "code",
        "How often it is billed; empty with the next where Kraken decides.",
        field="account_billing_options.period_length",
        codes=codes.BILLING_PERIOD,
    ),
    Column(
        "billing_day",
        "integer",
        "Day of the month on which that period begins.",
        field="account_billing_options.period_start_day",
    ),
)

FRAMES: Final = (
    Frame("accounts", key=ACCOUNT).having(
        Column(
            "unknown_occupier",
            "code",
            "Whether the occupier is unknown; blank is not known.",
            codes=OPTIONAL_FLAG,
        ),
        Column("billing_name", "text", "Name on the bill."),
        Column("billing_email", "text", "Where bills are sent to by email."),
        *_BILLING_ADDRESS,
        Column("account_class", "code", "Kind of account.", field="account_type", codes=codes.ACCOUNT_CLASS),
        *_BUSINESS,
        Column(
            "sales_channel",
            "code",
            "How the customer was won; Kraken takes DIRECT where it is blank.",
            codes=codes.SALES_CHANNEL,
        ),
        Column("sales_subchannel", "text", "More on that; blank is sent.", keep_blank=True),
        Column(
            "affiliate_subdomain", "text", "Affiliate who won the customer; it goes before the sales channel."
        ),
        Column(
            "operations_team",
            "configured",
            "Team that looks after the account; empty where Kraken allocates it.",
            field="operations_team_name",
            setting="operations_teams",
        ),
        Column(
            "balance",
            "money",
            "What the customer owes on the day of the transfer.",
            field="transfer_balance",
            sign="debit_positive",
        ),
        Column("last_billed_to_date", "date", "End of the last bill; empty if there never was one."),
        Column("last_payment_review_date", "date", "When the payments were last reviewed."),
        Column("next_bill_due_date", "date", "When the next bill is due."),
        Column(
            "smart_read_frequency", "code", "How often the smart meter is read.", codes=codes.READ_FREQUENCY
        ),
        Column("smart_read_cycle_day", "integer", "Day of the month it is read on."),
        Column("communication_preference", "code", "Online or on paper.", codes=codes.COMMUNICATION),
        Column("document_accessibility", "code", "Special form of documents.", codes=codes.ACCESSIBILITY),
        Column(
            "dunning_path",
            "configured",
            "Collections path.",
            field="dunning_path.path_name",
            setting="dunning_paths",
        ),
        Column(
            "dunning_start_date",
            "date",
            "From when on it is on that path.",
            field="dunning_path.start_date",
            if_past="Kraken restarts the path on the day of the migration.",
        ),
        Column(
            "last_statement_closing_date", "date", "Last day of the last statement, where no ledger says it."
        ),
        Column("last_statement_issue_date", "date", "When that was sent."),
        Column(
            "last_statement_balance",
            "money",
            "What the customer owed by that statement.",
            sign="debit_positive",
        ),
    ),
    Frame(
        "business_details",
        key=(*ACCOUNT, "business_detail_key"),
        parent="accounts",
        target="business.details",
    ).having(
        Column("key", "code", "What the value is.", codes=codes.BUSINESS_DETAIL, required=True),
        Column("value", "document", "The value, a text or a list.", required=True),
    ),
)
