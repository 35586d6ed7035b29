"""What every dialect must keep to with its rules and answers: they are about real fields, and never crash."""

from __future__ import annotations

import copy
from typing import Any, Final, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from kraken_import.conformance.samples import TODAY, Sample
from kraken_import.domain.masking import MASK
from transforms.dialect import Dialect
from transforms.models.places import has_place
from transforms.rules.engine import Batch, Circumstances, run_rules


def test_every_rule_is_about_fields_of_the_model_and_says_why(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    assert rules
    for rule in rules:
        assert rule.explanation.endswith("."), rule.code
        assert len(rule.explanation) <= 110, rule.code
        for path in rule.paths:
            # Those that no frame of ours fills, an adopter may.
            place = tuple(filter(None, path.split(".")))
            assert has_place(model=dialect.model, place=place), (rule.code, path)


def fields_of(model: type[BaseModel]) -> set[str]:
    """The generic path of every field of a model."""
    found = set()
    waiting: list[tuple[Any, str]] = [(model, "")]
    while waiting:
        kind, path = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            below = {f"{path}.{name}".lstrip("."): field for name, field in kind.model_fields.items()}
            found |= set(below)
            waiting += [(field.annotation, place) for place, field in below.items()]
        else:
            waiting += [(inner, path) for inner in get_args(kind)]
    return found


def test_answers_are_about_fields_that_exist_and_their_sentences_can_be_looked_for(dialect: Dialect) -> None:
    assert set(dialect.answers.paths) <= fields_of(dialect.model)
    assert len(dialect.answers.patterns) == len(dialect.answers.sentences)
    # Kraken says the value where a report masks it.
    masked = [sentence for sentence in dialect.answers.sentences if MASK in sentence]
    assert not masked, f"The answers of {dialect.name} have {MASK} in {masked}: begin behind the value."
    assert all(code and code == code.strip() for code in dialect.answers.paths.values())


def test_a_rule_says_one_thing_about_one_place(dialect: Dialect) -> None:
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    places = [(rule.code, rule.path, rule.paths) for rule in rules]
    assert len(set(places)) == len(places)


def test_the_guides_own_example_gives_no_error(guides: Sample) -> None:
    rules = guides.dialect.rules(Circumstances(today=TODAY, region=guides.dialect.market))
    found = run_rules(rules=rules, batch=Batch([guides.payload]))
    assert not [finding for finding in found.get(0, ()) if finding.severity == "error"]


def places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a payload, lists and objects included."""
    found = [above] if above else []
    if isinstance(node, dict):
        for name, value in node.items():
            found += places(value, (*above, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*above, index))
    return found


VALUES: Final[st.SearchStrategy[Any]] = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["2019-02-28", "9999-12-31", "0001-01-01", "-0.00", "9999999999.99", "2019-08-01T00:00:00Z"]
    ),
    st.integers(-5, 100_000),
    st.booleans(),
    st.just([]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_no_payload_that_the_model_lets_pass_makes_a_rule_crash(guides: Sample, data: st.DataObject) -> None:
    document = guides.payload
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(document)))
        node: Any = document
        for part in way:
            node = node[part]
        action = data.draw(st.sampled_from(["replace", "remove", "repeat"]))
        if action == "replace":
            node[last] = data.draw(VALUES)
        elif action == "remove":
            del node[last]
        elif isinstance(node, list):
            node.append(copy.deepcopy(node[last]))
        if not document:
            return
    try:
        guides.dialect.model.model_validate(document)
    except ValidationError:
        return
    rules = guides.dialect.rules(Circumstances(today=TODAY, region=guides.dialect.market))
    for findings in run_rules(rules=rules, batch=Batch([document])).values():
        for finding in findings:
            assert finding.generic_path in {path for rule in rules for path in rule.paths}, finding
