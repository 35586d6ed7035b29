"""Each rule knows where it is stated, and stands a payload that lacks something."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from tests.samples import TODAY, expected_payload
from transforms.dialect import Dialect
from transforms.models.shape import check_of
from transforms.registry import dialect_names, get_dialect
from transforms.rules.engine import (
    Batch,
    Circumstances,
    Document,
    Fault,
    ObjectRule,
    Rule,
    Source,
    inferred,
    run_rules,
    stated,
)


def _rules(name: str) -> tuple[Rule, ...]:
    dialect = get_dialect(name=name)
    return dialect.rules(Circumstances(today=TODAY, region=dialect.market))


@pytest.mark.parametrize("name", dialect_names())
def test_only_what_a_source_states_refuses_a_customer(name: str) -> None:
    unsourced = [rule.code for rule in _rules(name) if rule.severity == "error" and rule.source is None]
    assert unsourced == []


@pytest.mark.parametrize("name", dialect_names())
def test_the_words_of_a_source_are_few(name: str) -> None:
    sources = [rule.source for rule in _rules(name) if rule.source is not None]
    assert all(source.place and 1 <= len(source.words.split()) <= 12 for source in sources)


@pytest.mark.parametrize("name", dialect_names())
def test_a_stated_code_is_either_checked_or_said_to_be_unchecked(name: str) -> None:
    coverage = get_dialect(name=name).coverage
    if coverage is None:
        return
    checked = {rule.code for rule in _rules(name) if rule.source is not None}
    groups = [checked, coverage.only_kraken, coverage.not_filled, coverage.missing]
    everything = [code for group in groups for code in group]
    assert len(everything) == len(set(everything))


def _lacking(node: Any) -> Iterator[Any]:
    """The document again and again, each time without one of its fields or entries."""

    def places(value: Any, above: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*above, key)
            if isinstance(inside, dict | list):
                yield from places(inside, (*above, key))

    for place in places(node, ()):
        changed = deepcopy(node)
        holder = changed
        for part in place[:-1]:
            holder = holder[part]
        del holder[place[-1]]
        yield changed


def _is_formed(dialect: Dialect, document: Any) -> bool:
    """Whether the model takes it: rules see no other."""
    try:
        check_of(dialect.model)(document)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", dialect_names())
def test_no_rule_stumbles_over_a_field_that_is_missing(name: str) -> None:
    dialect = get_dialect(name=name)
    documents = [each for each in _lacking(expected_payload(dialect=dialect)) if _is_formed(dialect, each)]
    assert documents
    for rule in _rules(name):
        list(rule.run(batch=Batch(documents)))


def _never(_: Document) -> Iterator[Fault]:
    yield Fault("b")


def test_a_rule_is_silent_about_an_object_that_lacks_what_it_needs() -> None:
    rule = ObjectRule(code="c", path="a", explanation="No.", faults=_never, fields=("b",), needs=("b",))
    documents: list[Document] = [{"a": [{"b": 1}, {"b": None}, {"x": 1}]}]
    assert [f.path for f in run_rules(rules=[rule], batch=Batch(documents))[0]] == ["a.0.b"]


def test_an_inferred_rule_warns_and_a_stated_one_names_its_source() -> None:
    rule = ObjectRule(code="c", path="a", explanation="No.", faults=_never, fields=("b",))
    assert [each.severity for each in inferred(rule)] == ["warning"]
    (found,) = stated("guide", "Ledgers", "must be equal", rule)
    assert found.severity == "error"
    assert found.source == Source(document="guide", place="Ledgers", words="must be equal")
    assert str(found.source) == "guide: Ledgers (must be equal)"
