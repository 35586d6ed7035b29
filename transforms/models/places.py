"""Which places a payload model has."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo


def has_place(*, model: type[BaseModel], place: Sequence[str]) -> bool:
    """Whether payloads of this model may have something at this place; inside of any JSON, they may."""
    found = _fields_at(model=model, place=place)
    return found is None or not place or bool(found)


def takes(*, model: type[BaseModel], place: Sequence[str], value: Any) -> bool:
    """Whether this model takes a value at a place; a list takes what each of its items may be."""
    found = _fields_at(model=model, place=place)
    return found is None or any(
        _fits(field=field, value=[value] if _is_list(annotation=field.annotation) else value)
        for field in found
    )


def list_at(*, model: type[BaseModel], place: Sequence[str]) -> bool:
    """Whether what this model has at this place may be a list."""
    return any(_is_list(annotation=field.annotation) for field in _fields_at(model=model, place=place) or ())


def _fields_at(*, model: type[BaseModel], place: Sequence[str]) -> list[FieldInfo] | None:
    """Return the fields that a place may be, one for each form of what is around it; None inside any JSON."""
    models, found = [model], list[FieldInfo]()
    for number, part in enumerate(place, start=1):
        found = [each.model_fields[part] for each in models if part in each.model_fields]
        parts = [inner for field in found for inner in _parts(annotation=field.annotation)]
        if number < len(place) and (Any in parts or dict in parts):
            return None
        models = [inner for inner in parts if isinstance(inner, type) and issubclass(inner, BaseModel)]
    return found


def _fits(*, field: FieldInfo, value: Any) -> bool:
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _is_list(*, annotation: Any) -> bool:
    return typing.get_origin(annotation) is list or any(
        _is_list(annotation=argument)
        for argument in typing.get_args(annotation)
        if typing.get_origin(annotation) is not dict
    )


def _parts(*, annotation: Any) -> Iterator[Any]:
    """The types inside a type such as list[A | B] | None."""
    if typing.get_origin(annotation) is dict:
        yield dict
    elif isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        yield annotation
    elif annotation is Any:
        yield Any
    else:
        for argument in typing.get_args(annotation):
            yield from _parts(annotation=argument)
