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


def closed_list(*, model: type[BaseModel], place: Sequence[str]) -> frozenset[str] | None:
    """The only words that this model takes at a place; None where it takes any, or there is no such place."""
    fields = _fields_at(model=model, place=place)
    words: set[str] = set()
    for field in fields or ():
        known = _words(annotation=field.annotation)
        if known is None:
            return None
        words |= known
    return frozenset(words) or None


def _words(*, annotation: Any) -> set[str] | None:
    """Return the words of a type that is made of literals alone, lists of them and None included."""
    if annotation is type(None):
        return set()
    if typing.get_origin(annotation) is typing.Literal:
        return {str(word) for word in typing.get_args(annotation)}
    parts = typing.get_args(annotation) if typing.get_origin(annotation) is not dict else ()
    if typing.get_origin(annotation) is Annotated:
        parts = parts[:1]
    known = [_words(annotation=part) for part in parts]
    if not known or None in known:
        return None
    return {word for words in known for word in words or ()}


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
