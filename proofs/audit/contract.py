"""A dialect's model against the OpenAPI document that a Kraken serves: what it takes, and what it refuses."""

from __future__ import annotations

import os
import random
import re
import reprlib
import types
import typing
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisException
from pydantic import BaseModel, ValidationError
from schemathesis.generation import GenerationMode

from proofs.audit.differences import MEND, Difference, gathered, unexplained
from proofs.audit.explained import CONTRACT
from proofs.audit.mutations import NO_DAY, Mutator, generic
from transforms.models.shape import check_of
from transforms.registry import get_dialect

_MUTATIONS: Final = 3
"""Of each document."""
_JSON: Final = "application/json"
_UNREADABLE: Final = (
    OSError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    HypothesisException,
    schemathesis.errors.SchemathesisError,
)
"""The library's errors for a malformed document."""
_DECIMAL: Final = re.compile(r"\^-\?\\d\{0,(\d+)\}\(\?:\\\.\\d\{0,(\d+)\}\)\?\$")
"""The pattern that is served for each of them."""
_MEND: Final = "name the file that the Kraken serves under /data-import/schema/, whole and as it is"


class NoContract(Exception):
    """The file is not an OpenAPI document of a data-import API; the message says what to do."""


def audit_contract(*, name: str, file: Path, number: int, seed: int) -> int:
    """Compare, print what differs, and return the exit status: 1 where a difference has no explanation."""
    dialect = get_dialect(name=name)
    try:
        served = _Served(file=file, resource=dialect.resource)
        drawn = served.documents(number=number, seed=seed)
    except NoContract as error:
        print(error)
        return 2
    documents = [_pruned(document, (dialect.model,)) for document in drawn]
    differences = _refused(model=dialect.model, documents=documents)
    kept = [document for document in documents if served.takes(document)]
    without = "a document without the keys that the model does not know"
    differences += [_taken("", without) for _ in range(len(documents) - len(kept))]
    mutator = Mutator(documents=kept, rng=random.Random(seed))
    broken = 0
    for _ in range(_MUTATIONS * len(kept) if any(kept) else 0):
        mutation = mutator.draw()
        if served.takes(mutation.document):
            continue
        broken += 1
        if not _problems(model=dialect.model, document=mutation.document):
            differences.append(_taken(mutation.place, mutation.told))
    differences = gathered(differences)
    left = unexplained(differences=differences, explained=CONTRACT.get(name, ()))
    print(
        f"{name}: {len(documents):,} documents that the contract allows, and {broken:,} that it refuses; "
        f"{len(differences) - len(left)} explained differences, {len(left)} without an explanation."
    )
    for each in left:
        who = "the model" if each.refused_by == "ours" else "the contract"
        print(f"  {who} alone refuses {each.times} times: {each.code} at {each.path or 'the record'}")
        print(f"    for example {each.example}")
    if left:
        print(MEND)
    return 1 if left else 0


class _Served:
    """The request that creates a record, as the document has it."""

    def __init__(self, *, file: Path, resource: str) -> None:
        warnings.simplefilter("ignore")
        path = f"/v2/data-import/{resource}/"
        self._empty = f"{file} describes no payload of POST {path} that could be made: {_MEND}."
        if not os.access(file, os.R_OK) or file.is_dir():
            raise NoContract(f"{file} cannot be read: for POST {path} {_MEND}.")
        with _told(f"{file} is no OpenAPI document that serves POST {path}: {_MEND}."):
            raw = schemathesis.openapi.from_path(file).raw_schema
            named = raw.get("components", {}).get("schemas", {})
            schema: Any = schemathesis.openapi.from_dict(_meant(raw, named))
            operation = schema[path]["POST"]
        self._envelope: dict[str, Any] = {"task_params": {}}
        with _told(self._empty):
            (self._body,) = (body for body in operation.body if body.media_type == _JSON)
            self._strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
            self.takes({})

    def documents(self, *, number: int, seed: int) -> list[dict[str, Any]]:
        """Return so many payloads that it allows. Raises `NoContract` where there is none."""
        with _told(self._empty):
            drawn = _drawn(strategy=self._strategy, number=number, key=seed)
        if not drawn:
            raise NoContract(self._empty)
        self._envelope = drawn[0]
        return [body["payload"] for body in drawn]

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether it allows a payload."""
        return bool(self._body.is_valid({**self._envelope, "payload": document}))


def _meant(node: Any, schemas: Mapping[str, Any]) -> Any:
    """Return the document as its words mean it, where its patterns and choices say something else.

    An object has the properties that are listed: one that is made up by the name of a field that the model
    knows would be no text of Kraken's. A text of format decimal has a digit. And of several forms that
    nothing in them tells apart any may fit: EDF's two forms of a business fit the same objects, and what
    chooses between them is a setting of Kraken.
    """
    if isinstance(node, list):
        return [_meant(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    meant = {name: _meant(value, schemas) for name, value in node.items()}
    if meant.get("format") == "decimal" and (sizes := _DECIMAL.fullmatch(str(meant.get("pattern")))):
        whole, places = sizes.groups()
        meant["pattern"] = rf"^-?(?:\d{{1,{whole}}}(?:\.\d{{0,{places}}})?|\.\d{{1,{places}}})$"
    if meant.get("type") == "object" and "properties" in meant:
        meant.setdefault("additionalProperties", False)
    if isinstance(meant.get("oneOf"), list) and not _tells(meant, schemas):
        meant.pop("discriminator", None)
        meant["anyOf"] = meant.pop("oneOf")
    return meant


def _tells(node: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    """Whether each form has the property that the discriminator chooses by."""
    name = node.get("discriminator", {}).get("propertyName")
    forms = [schemas.get(form.get("$ref", "").rpartition("/")[2], form) for form in node["oneOf"]]
    return all(name in form.get("properties", ()) for form in forms)


@contextmanager
def _told(sentence: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise NoContract(sentence) from error


def _drawn(*, strategy: Any, number: int, key: int) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    @seed(key)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def draw(case: Any) -> None:
        body = case.body if case.media_type == _JSON else None
        if isinstance(body, dict) and isinstance(body.get("payload"), dict):
            bodies.append(body)

    draw()
    return bodies


def _pruned(node: Any, models: tuple[type[BaseModel], ...]) -> Any:
    """A document without the keys that the model does not know: it is closed, and says so of each."""
    if isinstance(node, list):
        return [_pruned(item, models) for item in node]
    if not isinstance(node, dict) or not models:
        return node
    known: dict[str, tuple[type[BaseModel], ...]] = {}
    for model in [model for model in models if _is_of(model, node)] or models:
        for name, field in model.model_fields.items():
            known[name] = (*known.get(name, ()), *_models(field.annotation))
    return {name: _pruned(value, known[name]) for name, value in node.items() if name in known}


def _is_of(model: type[BaseModel], node: Mapping[str, Any]) -> bool:
    """Return whether the object says that it is of this model, where several are possible."""
    return all(
        node.get(name) in typing.get_args(field.annotation)
        for name, field in model.model_fields.items()
        if field.is_required() and typing.get_origin(field.annotation) is Literal
    )


def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    return tuple(model for argument in typing.get_args(annotation) for model in _models(argument))


def _refused(*, model: type[BaseModel], documents: list[dict[str, Any]]) -> list[Difference]:
    return [
        Difference(
            refused_by="ours", code=code, path=path, example=f"document {number}, which has {value} there"
        )
        for number, document in enumerate(documents)
        for (code, path), value in _problems(model=model, document=document).items()
    ]


def _problems(*, model: type[BaseModel], document: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the kind of error and generic path of what the model refuses, with the value there."""
    try:
        check_of(model)(document)
    except ValidationError as error:
        return {
            (problem["type"], generic(problem["loc"])): reprlib.repr(problem["input"])
            for problem in error.errors(include_url=False, include_context=False)
        }
    return {}


def _taken(place: str, told: str) -> Difference:
    """Return a refusal by the contract alone; `no_day` where that is a day that does not exist."""
    code = "no_day" if told.endswith(f"is {NO_DAY!r}") else "served"
    return Difference(refused_by="contract", code=code, path=place, example=told)
