"""The two readers of a payload, and their refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from kraken_import.simulator.rules import judge
from transforms.dialect import Dialect
from transforms.models.shape import check_of
from transforms.rules.engine import Batch, Circumstances, UniqueRule, run_rules

SHAPE: Final = "shape"
"""Stands for every code of a field that is missing, unknown or of another form."""

UNKNOWN: Final = "unknown_key"
"""A key that our closed model refuses, which Kraken would silently drop."""

_EXTRA: Final = "extra_forbidden"
_RECORD: Final = "non_field_errors"
"""Stands for the path of a fault in the whole record."""

_OF_FORM: Final = frozenset(
    {"required", "invalid", "null", "blank", "max_length", "invalid_choice", "unknown"}
)
Document = Mapping[str, Any]


class Objection(NamedTuple):
    """Why a reader refuses: its code, and the generic path."""

    code: str
    path: str


def are_good(*, dialect: Dialect, documents: Sequence[Document], today: date) -> list[bool]:
    """Whether both readers accept each of them: otherwise an existing fault hides what a change adds."""
    both = zip(
        ours(dialect=dialect, documents=documents, today=today),
        theirs(dialect=dialect, documents=documents, today=today),
        strict=True,
    )
    return [not one and not other for one, other in both]


def ours(*, dialect: Dialect, documents: Sequence[Document], today: date) -> list[frozenset[Objection]]:
    """Return what the model and the rules refuse in each document by itself; warnings refuse nothing."""
    check = check_of(dialect.model)
    refusals: list[set[Objection]] = []
    formed: dict[int, Document] = {}
    for number, document in enumerate(documents):
        refusals.append(set())
        try:
            check(document)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            refusals[number] |= {
                Objection(
                    UNKNOWN if problem["type"] == _EXTRA else SHAPE,
                    _generic(_known(problem["loc"], document)),
                )
                for problem in problems
            }
            # Rules look at known fields alone, so what they find stays true beside a key that is not known.
            if all(problem["type"] == _EXTRA for problem in problems):
                formed[number] = document
        else:
            formed[number] = document
    given = Circumstances(today=today, region=dialect.market)
    rules = [rule for rule in dialect.rules(given) if not isinstance(rule, UniqueRule)]
    numbers = list(formed)
    for index, findings in run_rules(rules=rules, batch=Batch(list(formed.values()))).items():
        refusals[numbers[index]] |= {
            Objection(finding.code, finding.generic_path)
            for finding in findings
            if finding.severity == "error"
        }
    return [frozenset(each) for each in refusals]


def theirs(*, dialect: Dialect, documents: Sequence[Document], today: date) -> list[frozenset[Objection]]:
    """Return what the stand-in refuses in each document."""
    return [
        frozenset(
            Objection(SHAPE if found.code in _OF_FORM else found.code, _generic(found.path.split(".")))
            for found in judge(form=dialect.name, payload=document, today=today)
        )
        for document in documents
    ]


def _known(place: Sequence[str | int], document: Any) -> list[str]:
    """A location of pydantic's without the branches of unions, which are not fields."""
    parts: list[str] = []
    node = document
    for index, part in enumerate(place):
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            if index < len(place) - 1 or not isinstance(part, str) or part.isupper():
                continue
        parts.append(str(part))
    return parts


def _generic(parts: Sequence[str]) -> str:
    return ".".join(part for part in parts if not part.isdigit() and part != _RECORD)
