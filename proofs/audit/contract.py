"""A dialect's model against the OpenAPI document that a Kraken serves: what it takes, and what it refuses."""

from __future__ import annotations

import random
import types
import typing
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from pydantic import BaseModel, ValidationError
from schemathesis.generation import GenerationMode

from proofs.audit.differences import Difference, unexplained
from proofs.audit.explained import CONTRACT
from proofs.audit.mutations import Mutator, generic
from transforms.models.shape import check_of
from transforms.registry import get_dialect

_MUTATIONS: Final = 3
"""Of each document."""


class NoContract(Exception):
    """A file is no OpenAPI document of a data-import API."""


def audit_contract(*, name: str, file: Path, number: int, seed: int) -> int:
    """Compare, print what differs, and return the exit status: 1 where a difference has no explanation."""
    dialect = get_dialect(name=name)
    try:
        served = _Served(file=file, resource=dialect.resource)
    except NoContract as error:
        print(error)
        return 2
    drawn = served.documents(number=number, seed=seed)
    documents = [_pruned(document, (dialect.model,)) for document in drawn]
    differences = _refused(model=dialect.model, documents=documents)
    mutator = Mutator(documents=documents, rng=random.Random(seed))
    broken = 0
    for _ in range(_MUTATIONS * len(documents)):
        mutation = mutator.draw()
        if served.takes(mutation.document):
            continue
        broken += 1
        if not _problems(model=dialect.model, document=mutation.document):
            _count(differences, _taken(mutation.place, mutation.told))
    left = unexplained(differences=differences.values(), explained=CONTRACT.get(name, ()))
    print(
        f"{name}: {len(documents):,} documents that the contract allows, and {broken:,} that it refuses; "
        f"{len(differences) - len(left)} explained differences, {len(left)} without an explanation."
    )
    for each in left:
        who = "the model" if each.refused_by == "ours" else "the contract"
        print(f"  {who} alone refuses {each.times} times: {each.code} at {each.path or 'the record'}")
        print(f"    for example {each.example}")
    return 1 if left else 0


class _Served:
    """The request that creates a record, as the document has it."""

    def __init__(self, *, file: Path, resource: str) -> None:
        warnings.simplefilter("ignore")
        try:
            schema: Any = schemathesis.openapi.from_path(file)
            operation = schema[f"/v2/data-import/{resource}/"]["POST"]
        except (OSError, LookupError, schemathesis.errors.SchemathesisError) as error:
            raise NoContract(
                f"{file} is no OpenAPI document that serves POST /v2/data-import/{resource}/: name the file "
                "that the Kraken serves under /data-import/schema/."
            ) from error
        (self._body,) = operation.body
        self._strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)

    def documents(self, *, number: int, seed: int) -> list[dict[str, Any]]:
        """So many payloads that it allows."""
        return [body["payload"] for body in _drawn(strategy=self._strategy, number=number, key=seed)]

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether it allows a payload."""
        return bool(self._body.is_valid({"payload": document, "task_params": {}}))


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
        if isinstance(case.body, dict) and isinstance(case.body.get("payload"), dict):
            bodies.append(case.body)

    draw()
    return bodies


def _pruned(node: Any, models: tuple[type[BaseModel], ...]) -> Any:
    """A document without the keys that the model does not know: it is closed, and says so of each."""
    if isinstance(node, list):
        return [_pruned(item, models) for item in node]
    if not isinstance(node, dict) or not models:
        return node
    known: dict[str, tuple[type[BaseModel], ...]] = {}
    for model in models:
        for name, field in model.model_fields.items():
            known[name] = (*known.get(name, ()), *_models(field.annotation))
    return {name: _pruned(value, known[name]) for name, value in node.items() if name in known}


def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    return tuple(model for argument in typing.get_args(annotation) for model in _models(argument))


def _refused(
    *, model: type[BaseModel], documents: list[dict[str, Any]]
) -> dict[tuple[str, str, str], Difference]:
    differences: dict[tuple[str, str, str], Difference] = {}
    for number, document in enumerate(documents):
        for code, path in _problems(model=model, document=document):
            _count(
                differences,
                Difference(refused_by="ours", code=code, path=path, example=f"document {number}"),
            )
    return differences


def _problems(*, model: type[BaseModel], document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """pydantic's kind of error and the generic path of all that the model refuses."""
    try:
        check_of(model)(document)
    except ValidationError as error:
        return {
            (problem["type"], generic(problem["loc"]))
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        }
    return set()


def _taken(place: str, told: str) -> Difference:
    return Difference(refused_by="stand-in", code="served", path=place, example=told)


def _count(differences: dict[tuple[str, str, str], Difference], found: Difference) -> None:
    key = (found.refused_by, found.code, found.path)
    if key in differences:
        differences[key].times += 1
    else:
        differences[key] = found
