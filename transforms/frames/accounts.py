"""What the accounts of several dialects share: people, notes and metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame

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


def person(*names: str, keep_blank: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns of a person by name; those in `keep_blank` are sent as "" when they are blank."""
    return tuple(
        Column(name="date_of_birth", kind="date", meaning="Date of birth.")
        if name == "date_of_birth"
        else Column(name=name, kind="text", keep_blank=name in keep_blank, meaning=_PERSON[name])
        for name in names
    )


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
