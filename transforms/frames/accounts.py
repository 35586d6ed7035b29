"""Frames that the accounts of several dialects share: people, agreements, notes and metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns

ACCOUNT: Final = ("external_identifier",)
CUSTOMER: Final = (*ACCOUNT, "customer_key")
_NOTE: Final = (*ACCOUNT, "note_key")

_PERSON: Final = {
    "title": "Title.",
    "given_name": "First name.",
    "family_name": "Last name.",
    "email": "E-mail address.",
    "mobile": "Mobile number.",
    "landline": "Number of a fixed line.",
    "salutation": "How letters begin.",
}
_PREFERENCES: Final = {
    "opted_into_sms": "Text messages.",
    "opted_into_recommended": "Recommended messages.",
    "opted_into_updates": "Updates.",
    "opted_into_third_parties": "Messages of third parties.",
    "opted_into_offers": "Offers.",
    "is_user_psr_consent_obtained": "Consent to share the needs below.",
}


def person(*names: str, keep_blank: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns of a person by name; those in `keep_blank` are sent as "" when they are blank."""
    return tuple(
        Column("date_of_birth", "date", "Date of birth.")
        if name == "date_of_birth"
        else Column(name, "text", _PERSON[name], keep_blank=name in keep_blank)
        for name in names
    )


def preferences(*names: str) -> tuple[Column, ...]:
    """Return columns for a customer's preferences, by name; blank is unknown, and not sent."""
    return columns(
        kind="code",
        codes=OPTIONAL_FLAG,
        inside="customer_preferences",
        meanings={name: _PREFERENCES[name] for name in names},
    )


USER_DETAILS: Final = Frame(
    "user_details", key=(*CUSTOMER, "detail_key"), parent="customers", target="user_details"
).having(
    Column("namespace", "configured", "What the value is.", setting="user_detail_namespaces", required=True),
    Column("value", "text", "The value; no row where it is blank.", required=True),
)
"""Details of a customer beyond the fields of a person."""

AGREEMENT: Final = (
    Column("tariff_code", "configured", "Tariff.", setting="tariff_codes", required=True),
    Column("effective_from", "date", "First day.", required=True),
    Column("effective_to", "date", "Last day; empty while it runs.", is_last_day=True),
)

TRANSACTION: Final = (
    Column("transaction_id", "text", "Number of the transaction.", required=True),
    Column("transaction_date", "date", "When it was booked.", required=True),
    Column(
        "amount",
        "money",
        "Amount, positive where the customer owes more by it: a charge, or a payment taken back.",
        sign="by_type",
        required=True,
    ),
)
"""What every booking has; type and reason are codes of the dialect."""

NOTES: Final = Frame("notes", key=_NOTE, parent="accounts", target="notes").having(
    Column("created_at", "timestamp", "When it was written.", required=True),
    Column("body", "text", "What it says; empty where documents say it."),
    Column("is_pinned", "code", "Whether it stays on top of the others.", codes=OPTIONAL_FLAG),
    Column("unpin_at", "timestamp", "Until when."),
)

NOTE_DOCUMENTS: Final = Frame(
    "note_documents", key=(*_NOTE, "document_key"), parent="notes", target="document_paths"
).having(Column("document_path", "text", "Where it is stored.", required=True))

METADATA: Final = Frame(
    "metadata", key=(*ACCOUNT, "metadata_key"), parent="accounts", target="metadata"
).having(
    Column("key", "text", "Name of the entry.", required=True),
    Column("value", "document", "Any JSON value.", required=True),
)
