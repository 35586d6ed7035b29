"""Fields that guides show by an example without saying what is required, or how long it may be."""

from __future__ import annotations

from typing import Any

from transforms.models.base import Entity, IsoDate, IsoTime


class Person(Entity):
    """A person and how to reach them."""

    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    mobile: str | None = None
    landline: str | None = None
    date_of_birth: IsoDate | None = None
    title: str | None = None
    salutation: str | None = None


class UserDetail(Entity):
    """A detail of a customer that has no other field."""

    namespace: str | None = None
    value: str | None = None


class Metadata(Entity):
    """A key with any JSON value."""

    key: str | None = None
    value: Any = None


class NoteDocument(Entity):
    """A document attached to a note."""

    document_path: str | None = None


class Note(Entity):
    """Something written down about the account: a text, documents, or both."""

    created_at: IsoTime | None = None
    body: str | None = None
    is_pinned: bool | None = None
    unpin_at: IsoTime | None = None
    document_paths: list[NoteDocument] | None = None


class Agreement(Entity):
    """A tariff from a date on."""

    tariff_code: str | None = None
    effective_from: IsoDate | None = None
    effective_to: IsoDate | None = None
