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
        Column(name="date_of_birth", kind="date", meaning="Date of birth.")
        if name == "date_of_birth"
        else Column(name=name, kind="text", keep_blank=name in keep_blank, meaning=_PERSON[name])
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
    name="user_details",
    key=(*CUSTOMER, "detail_key"),
    parent="customers",
    target="user_details",
    columns=(
        Column(
            name="namespace",
            kind="configured",
            setting="user_detail_namespaces",
            required=True,
            meaning="What the value is.",
        ),
        Column(name="value", kind="text", required=True, meaning="The value; no row where it is blank."),
    ),
)
"""Details of a customer beyond the fields of a person."""

AGREEMENT: Final = (
    Column(name="tariff_code", kind="configured", setting="tariff_codes", required=True, meaning="Tariff."),
    Column(name="effective_from", kind="date", required=True, meaning="First day."),
    Column(name="effective_to", kind="date", is_last_day=True, meaning="Last day; empty while it runs."),
)

TRANSACTION: Final = (
    *columns(kind="text", required=True, meanings={"transaction_id": "Number of the transaction."}),
    *columns(kind="date", required=True, meanings={"transaction_date": "When it was booked."}),
    Column(
        name="amount",
        kind="money",
        sign="by_type",
        required=True,
        meaning="Amount, positive where the customer owes more by it: a charge, or a payment taken back.",
    ),
)
"""What every booking has; type and reason are codes of the dialect."""

NOTES: Final = Frame(
    name="notes",
    key=_NOTE,
    parent="accounts",
    target="notes",
    columns=(
        Column(name="created_at", kind="timestamp", required=True, meaning="When it was written."),
        Column(name="body", kind="text", meaning="What it says; empty where documents say it."),
        Column(
            name="is_pinned",
            kind="code",
            codes=OPTIONAL_FLAG,
            meaning="Whether it stays on top of the others.",
        ),
        Column(name="unpin_at", kind="timestamp", meaning="Until when."),
    ),
)

NOTE_DOCUMENTS: Final = Frame(
    name="note_documents",
    key=(*_NOTE, "document_key"),
    parent="notes",
    target="document_paths",
    columns=(Column(name="document_path", kind="text", required=True, meaning="Where it is stored."),),
)

METADATA: Final = Frame(
    name="metadata",
    key=(*ACCOUNT, "metadata_key"),
    parent="accounts",
    target="metadata",
    columns=(
        Column(name="key", kind="text", required=True, meaning="Name of the entry."),
        Column(name="value", kind="document", required=True, meaning="Any JSON value."),
    ),
)
