"""Makes a sample of a customer's rows: invented values in the place of whatever could tell who it is."""

from __future__ import annotations

import json
import random
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine

from kraken_import.usecases.faults import BadRequest
from transforms.build import BuildSettings, build
from transforms.database import stripped
from transforms.dialect import Column, Dialect, Frame
from transforms.extract import UnableToExtract, existing_identifiers, extract

_SHORT: Final = 3
"""Up to so many letters, a text is a word like PT or Dr, unless it is a name."""
_DIALLED: Final = re.compile(r"[+\d][\d ()/.-]{5,}", re.ASCII)
_TELEPHONES: Final = ("mobile", "landline", "phone")
_PREFIX: Final = 4
"""What a telephone's number begins with tells a mobile from a fixed line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRows:
    """The rows of a sample by frame, its payload where they make one, and otherwise why not."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)
    payload: Mapping[str, Any] | None = field(repr=False)
    refused: Sequence[str] = ()


def sample_rows(*, engine: Engine, dialect: Dialect, identifier: str, today: date) -> SampleRows:
    """Read a customer, and return its rows with invented names, texts and keys.

    Codes, amounts and days stay, but for the day of birth. Raises `BadRequest` for a customer that is not
    there, and what reading raises.
    """
    if identifier not in existing_identifiers(engine=engine, dialect=dialect, identifiers=[identifier]):
        raise BadRequest(
            f"The legacy database has no such customer of {dialect.name}: name one that existing.sql knows."
        )
    extracted = extract(engine=engine, dialect=dialect, identifiers=[identifier])
    if extracted.unreadable:
        raise UnableToExtract(extracted.unreadable[identifier].detail)
    inventor = _Inventor(dialect=dialect)
    frames = {name: frame.copy() for name, frame in extracted.frames.items()}
    for frame in dialect.frames:
        data = frames[frame.name]
        for name in data.columns:
            values = inventor.column(frame=frame, name=str(name), values=data[name].tolist())
            # Otherwise whole numbers beside a NULL become floating-point ones.
            data[name] = pd.Series(values, index=data.index, dtype=object)
    root = frames[dialect.root.name]
    if root.empty:
        raise BadRequest(
            f"{dialect.root.name}.sql has no row for this customer of {dialect.name}: run legacy-check first."
        )
    named = str(root[dialect.root.key[0]].iloc[0])
    result = build(
        dialect=dialect,
        frames=frames,
        identifiers=[named],
        settings=BuildSettings(import_supplier=dialect.default_import_supplier, today=today),
    )
    return SampleRows(
        rows={
            name: [{str(column): value for column, value in row.items()} for row in data.to_dict("records")]
            for name, data in frames.items()
        },
        payload=json.loads(result.payloads[0].body) if result.payloads else None,
        refused=[
            f"{finding.code} at {finding.path or 'the whole record'}"
            for rejection in result.rejections
            for finding in rejection.findings
        ],
    )


@dataclass(slots=True, kw_only=True)
class _Inventor:
    """Invents values, the same for the same value in all frames of one sample."""

    dialect: Dialect
    keys: dict[str, dict[Any, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(secrets.token_bytes(16)))

    def column(self, *, frame: Frame, name: str, values: Sequence[Any]) -> list[Any]:
        """Return the values of a column as the sample has them."""
        if name in frame.key:
            return [self._key(name=name, value=stripped(value)) for value in values]
        known = {column.name: column for column in frame.columns}
        column = known.get(name)
        return [value if column is None else self._value(column=column, value=value) for value in values]

    def _key(self, *, name: str, value: Any) -> Any:
        if value is None:
            return None
        known = self.keys.setdefault(name, {})
        number = len(known) + 1
        return known.setdefault(value, f"SAMPLE-{number}" if isinstance(value, str) else number)

    def _value(self, *, column: Column, value: Any) -> Any:
        if value is None:
            return None
        match column.kind:
            case "text":
                return self._text(column=column, text=str(value))
            case "texts":
                return ["Invented"] if isinstance(value, list) else '["Invented"]'
            case "document":
                return {}
            case "unsent":
                return None
            case "date" if "birth" in column.name or "birth" in column.field:
                return "1980-01-01"
            case _:
                return value

    def _text(self, *, column: Column, text: str) -> str:
        plain = text.strip()
        is_name = "name" in column.name or "name" in column.field
        if not plain or (len(plain) <= _SHORT and not is_name):
            return text
        if plain not in self.texts:
            self.texts[plain] = self._invented(column=column, text=plain)
        return self.texts[plain]

    def _invented(self, *, column: Column, text: str) -> str:
        if "@" in text:
            return f"customer{len(self.texts) + 1}@mail.example.com"
        is_dialled = any(word in column.name for word in _TELEPHONES) and _DIALLED.fullmatch(text)
        kept = _PREFIX if is_dialled else 0
        return text[:kept] + "".join(self._character(like=each) for each in text[kept:])

    def _character(self, *, like: str) -> str:
        if like.isdigit():
            return self.chance.choice(string.digits)
        if like.isalpha():
            return self.chance.choice(string.ascii_uppercase if like.isupper() else string.ascii_lowercase)
        return like
