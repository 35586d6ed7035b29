"""The form of payloads: which fields there are, of which type, and which of them are required.

A shape maps the names of fields to what may stand there. Names that it does not know are passed over, as
Kraken does. A field that may be left out may be null. Codes and messages are those of Django REST framework.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from simulator.rules.common import Problem, as_day

_DECIMAL: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,10})?")

Wrong: TypeAlias = tuple[str, str]
"""Code and sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What may stand in a field: something that passes `check`, an object of a `shape`, or a list of such."""

    check: Callable[[Any], Wrong | None] | None = None
    shape: Mapping[str, Field] | None = None
    many: bool = False
    required: bool = False


Shape: TypeAlias = Mapping[str, Field]


def misshapen(*, payload: Mapping[str, Any], shape: Shape) -> list[Problem]:
    """Everything about a payload that its shape does not allow."""
    found: list[Problem] = []
    _check_object(payload, shape, "", found)
    return found


def required(field: Field) -> Field:
    """The same field, which may not be left out."""
    return replace(field, required=True)


def one(shape: Shape) -> Field:
    """An object."""
    return Field(shape=shape)


def many(shape: Shape) -> Field:
    """A list of objects."""
    return Field(shape=shape, many=True)


def text(*, longest: int = 100_000, blank: bool = True) -> Field:
    """A string of at most `longest` characters. A number is none: it has lost its leading zeros."""

    def check(value: Any) -> Wrong | None:
        if type(value) is not str:
            return "invalid", "Not a valid string."
        if len(value) > longest:
            return "max_length", f"Ensure this field has no more than {longest} characters."
        if not blank and not value.strip():
            return "blank", "This field may not be blank."
        return None

    return Field(check=check)


def choice(*options: str) -> Field:
    """One of these words."""
    known = frozenset(options)

    def check(value: Any) -> Wrong | None:
        if type(value) is str and value in known:
            return None
        return "invalid_choice", f'"{value}" is not a valid choice.'

    return Field(check=check)


def _wrong_texts(value: Any) -> Wrong | None:
    if type(value) is not list:
        return "not_a_list", "Expected a list of items."
    if not all(type(item) is str and item.strip() for item in value):
        return "invalid", "Not a valid string."
    return None


def _wrong_boolean(value: Any) -> Wrong | None:
    return None if type(value) is bool else ("invalid", "Must be a valid boolean.")


def _wrong_integer(value: Any) -> Wrong | None:
    return None if type(value) is int else ("invalid", "A valid integer is required.")


def _wrong_decimal(value: Any) -> Wrong | None:
    if type(value) is str and _DECIMAL.fullmatch(value):
        return None
    return "invalid", "A valid number is required."


def _wrong_day(value: Any) -> Wrong | None:
    if as_day(value) is not None:
        return None
    return "invalid", "Date has wrong format. Use one of these: YYYY-MM-DD."


def _wrong_moment(value: Any) -> Wrong | None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "invalid", "Datetime has wrong format."
    return None


TEXTS: Final = Field(check=_wrong_texts)
"""A list of strings."""
BOOLEAN: Final = Field(check=_wrong_boolean)
INTEGER: Final = Field(check=_wrong_integer)
DECIMAL: Final = Field(check=_wrong_decimal)
"""A decimal number as a string."""
DAY: Final = Field(check=_wrong_day)
MOMENT: Final = Field(check=_wrong_moment)
"""A date, or a date and a time."""


def _check_object(holder: Mapping[str, Any], shape: Shape, path: str, found: list[Problem]) -> None:
    for name, field in shape.items():
        value = holder.get(name)
        if value is None:
            if field.required:
                found.append(Problem(path + name, "required", "This field is required."))
        elif field.check is not None:
            wrong = field.check(value)
            if wrong is not None:
                found.append(Problem(path + name, *wrong))
        elif field.shape is not None:
            if not field.many:
                _check_child(value, field.shape, path + name, found)
            elif type(value) is list:
                for index, item in enumerate(value):
                    _check_child(item, field.shape, f"{path}{name}.{index}", found)
            else:
                found.append(Problem(path + name, "not_a_list", "Expected a list of items."))


def _check_child(value: Any, shape: Shape, path: str, found: list[Problem]) -> None:
    if type(value) is dict:
        _check_object(value, shape, f"{path}.", found)
    else:
        found.append(Problem(path, "invalid", "Invalid data. Expected a dictionary."))
