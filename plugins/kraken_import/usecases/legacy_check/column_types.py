"""Types of columns that cannot become what the dialect sends, told before any row is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from kraken_import.usecases.legacy_check.catalog import query
from kraken_import.usecases.legacy_check.misfits import Misfit, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.dialect import Column, Frame
from transforms.findings import Severity

_WORDS: Final = ("text", "code", "codes", "configured")
_STRUCTURES: Final = ("texts", "document")
_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "name", "char", "unknown"})


class Delivered(NamedTuple):
    """A column as the database delivers it: its name, the number of its type, and its decimal places."""

    name: str
    type: int
    scale: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Type:
    """A type's name and its category, as Postgres has them."""

    name: str
    category: str


def type_misfits(
    *, connection: Connection, delivered: Mapping[str, tuple[Statement, Sequence[Delivered]]]
) -> Iterator[Misfit]:
    """Yield the columns of each statement whose type cannot become what its column is for."""
    oids = {column.type for _, columns in delivered.values() for column in columns}
    types = {
        row.oid: _Type(name=row.name, category=row.category)
        for row in query(connection, name="types", oids=sorted(oids))
    }
    for statement, columns in delivered.values():
        kinds = _kinds(frame=statement.frame)
        for each in columns:
            found = types.get(each.type)
            if found is None:
                continue
            if statement.frame is None:
                told = _told_of_amount(type_=found) if each.name == "amount" else None
            elif each.name in statement.frame.key:
                told = _told_of_key(frame=statement.frame, name=each.name, type_=found)
            else:
                told = _told(column=kinds.get(each.name), type_=found, scale=each.scale)
            if told is not None:
                severity, says = told
                yield misfit(
                    code="wrong_type",
                    file=statement.file,
                    column=each.name,
                    severity=severity,
                    says=f"delivers column {each.name} as {found.name}, {says}",
                )


def _kinds(*, frame: Frame | None) -> dict[str, Column]:
    if frame is None:
        return {}
    found = {column.name: column for column in frame.columns}
    return found | {column.decimals: column for column in frame.columns if column.decimals}


_Told = tuple[Severity, str] | None


def _told(*, column: Column | None, type_: _Type, scale: int | None) -> _Told:
    """Return what is wrong with the type of a column, and how much it matters."""
    if column is None or column.kind == "unsent":
        return None
    kind = column.kind
    if kind != "document" and (wrong := _never(type_=type_)):
        return "error", wrong
    if type_.category == "A" and kind not in _STRUCTURES:
        return "error", f"a list, where kind {kind} is one value: deliver one, or declare kind texts"
    if type_.name in ("json", "jsonb") and kind not in _STRUCTURES:
        return "error", f"where kind {kind} is a plain value: extract it with ->>"
    if type_.name == "numeric" and scale != 0 and kind in (*_WORDS, "integer"):
        severity: Severity = "error" if kind == "integer" else "warning"
        return severity, 'which sends 3 as "3.00": CAST it to text in the form that Kraken wants'
    if type_.name == "bool" and kind == "text":
        return "warning", 'which is sent as "1" or "0": deliver the words that Kraken wants'
    return None


def _told_of_key(*, frame: Frame, name: str, type_: _Type) -> _Told:
    if name == frame.key[0] and type_.name not in _TEXTS:
        return "error", "which must be a text: write CAST(… AS text)"
    if type_.category == "A" or type_.name in ("json", "jsonb"):
        return "error", "a list or an object, which cannot be a key: turn it into text"
    return None


def _told_of_amount(*, type_: _Type) -> _Told:
    wrong = _never(type_=type_)
    return ("error", wrong) if wrong else None


def _never(*, type_: _Type) -> str:
    """Return why a type fits nothing; blank for those that fit something."""
    if type_.name in ("float4", "float8"):
        return "which cannot be exact: CAST it to numeric or text"
    if type_.name == "money":
        return "whose form is up to the server: CAST it to numeric"
    if type_.name == "bytea":
        return "which has no text: decode it"
    return ""
