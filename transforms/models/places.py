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
    models = [model]
    for part in place:
        found = [each.model_fields[part].annotation for each in models if part in each.model_fields]
        if not found:
            return False
        parts = [inner for annotation in found for inner in _parts(annotation=annotation)]
        if Any in parts or dict in parts:
            return True
        models = [inner for inner in parts if isinstance(inner, type) and issubclass(inner, BaseModel)]
    return True


def takes(*, model: type[BaseModel], place: Sequence[str], value: Any) -> bool:
    """Whether this model takes a value at a place; a list takes what each of its items may be."""
    *way, last = place
    models = [model]
    for part in way:
        found = [each.model_fields[part].annotation for each in models if part in each.model_fields]
        parts = [inner for annotation in found for inner in _parts(annotation=annotation)]
        if Any in parts or dict in parts:
            return True
        models = [inner for inner in parts if isinstance(inner, type) and issubclass(inner, BaseModel)]
    fields = [each.model_fields[last] for each in models if last in each.model_fields]
    return any(
        _fits(field=field, value=[value] if _is_list(annotation=field.annotation) else value)
        for field in fields
    )


def _fits(*, field: FieldInfo, value: Any) -> bool:
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def list_at(*, model: type[BaseModel], place: Sequence[str]) -> bool:
    """Whether what this model has at this place may be a list."""
    models = [model]
    found: list[Any] = []
    for part in place:
        found = [each.model_fields[part].annotation for each in models if part in each.model_fields]
        parts = [inner for annotation in found for inner in _parts(annotation=annotation)]
        models = [inner for inner in parts if isinstance(inner, type) and issubclass(inner, BaseModel)]
    return any(_is_list(annotation=annotation) for annotation in found)


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
