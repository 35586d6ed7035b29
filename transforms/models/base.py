"""The base of the payload models of all dialects.

Strict, and closed to unknown keys: Kraken drops a misspelt key without a word, and with it the data.
Values arrive cleaned, so dates, times and money are texts in their final form.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

DAY: Final = (
    r"[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"
)
"""As a pattern: a day that its month has in some year."""

IsoDate: TypeAlias = Annotated[str, Field(pattern=rf"^{DAY}$")]
IsoTime: TypeAlias = Annotated[
    str,
    Field(pattern=rf"^{DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,6}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})$"),
]


def decimal(*, whole: int, places: int, sign: str = "-?") -> str:
    """Return the pattern of a number with at most so many digits on each side of its point, or on one."""
    return rf"^{sign}([0-9]{{1,{whole}}}(\.[0-9]{{0,{places}}})?|\.[0-9]{{1,{places}}})$"


Money: TypeAlias = Annotated[str, Field(pattern=decimal(whole=10, places=10))]
PositiveMoney: TypeAlias = Annotated[str, Field(pattern=decimal(whole=10, places=10, sign=""))]
Quantity: TypeAlias = Annotated[str, Field(pattern=decimal(whole=10, places=10))]


class Entity(BaseModel):
    """An object inside a payload."""

    # Built when it is first used: most tasks never look at a payload.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Payload(Entity):
    """The payload of one customer."""

    import_supplier: str


class Metadata(Entity):
    """A key with any JSON value."""

    key: Annotated[str, Field(max_length=1024)]
    value: Any


class NoteDocument(Entity):
    """A document attached to a note."""

    document_path: str


class Note(Entity):
    """Something written down about the account: a text, documents, or both."""

    created_at: IsoTime
    body: str | None = None
    is_pinned: bool | None = None
    unpin_at: IsoTime | None = None
    document_paths: list[NoteDocument] | None = None


class Agreement(Entity):
    """A tariff from a date on."""

    tariff_code: str
    effective_from: IsoDate
    effective_to: IsoDate | None = None
