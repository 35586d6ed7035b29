"""Rules run over whole batches, and say exactly where each fault stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from transforms.rules.engine import (
    Batch,
    Document,
    Fault,
    ObjectRule,
    RuleBroken,
    UniqueRule,
    ValueRule,
    run_rules,
)

BATCH = [
    {"name": "one", "points": [{"id": "A", "meters": [{"n": 1}, {"n": -2}]}, {"id": "B", "meters": []}]},
    {"name": "", "points": []},
    {"name": "three", "points": [{"id": "a", "meters": [{"n": -3}]}], "extra": {"deep": {"n": -4}}},
]


def found(rule: ValueRule | ObjectRule | UniqueRule) -> dict[int, list[str]]:
    results = run_rules(rules=[rule], batch=Batch(BATCH))
    return {number: [finding.path for finding in findings] for number, findings in results.items()}


def positive(path: str) -> ValueRule:
    return ValueRule(code="c", path=path, explanation="It must be positive.", holds=lambda value: value > 0)


def test_a_value_is_found_in_every_list_on_its_way() -> None:
    assert found(positive("points.meters.n")) == {
        0: ["points.0.meters.1.n"],
        2: ["points.0.meters.0.n"],
    }


def test_a_value_is_found_inside_objects_without_an_index() -> None:
    assert found(positive("extra.deep.n")) == {2: ["extra.deep.n"]}


def test_a_path_that_no_payload_has_finds_nothing() -> None:
    assert found(positive("no.such.path")) == {}


def test_blank_counts_as_no_value() -> None:
    assert found(ValueRule(code="c", path="name", explanation="x", holds=lambda value: len(value) > 3)) == {
        0: ["name"]
    }


def test_an_object_rule_names_places_below_the_object() -> None:
    def faults(point: object) -> list[Fault]:
        return [Fault("id", "Detail.")]

    rule = ObjectRule(code="c", path="points", explanation="Explained.", faults=faults, fields=("id",))
    assert rule.paths == ("points.id",)
    assert found(rule) == {0: ["points.0.id", "points.1.id"], 2: ["points.0.id"]}
    finding = run_rules(rules=[rule], batch=Batch(BATCH))[2][0]
    assert (finding.code, finding.detail, finding.severity) == ("c", "Explained. Detail.", "error")


def test_the_payload_itself_is_an_object_too() -> None:
    rule = ObjectRule(
        code="c", path="", explanation="x", faults=lambda node: [Fault()] if not node["name"] else []
    )
    assert found(rule) == {1: [""]}


def test_customers_who_share_a_value_are_named_whatever_the_case() -> None:
    rule = UniqueRule(code="c", path="points.id", explanation="x")
    assert found(rule) == {0: ["points.0.id"], 2: ["points.0.id"]}
    assert list(rule.values(batch=Batch(BATCH))) == [(0, "a"), (0, "b"), (2, "a")]


def test_one_customer_may_have_a_value_twice() -> None:
    rule = UniqueRule(code="c", path="points.id", explanation="x")
    twice = [{"points": [{"id": "A"}, {"id": "A"}]}]
    assert run_rules(rules=[rule], batch=Batch(twice)) == {}


def test_a_rule_that_crashes_is_named_with_its_file_and_without_any_value() -> None:
    def faults(point: Document) -> Iterator[Fault]:
        yield Fault(f"{point['id']}.{ {}['secret ' + point['id']] }")

    rule = ObjectRule(code="broken_rule", path="points", explanation="x", faults=faults)
    with pytest.raises(RuleBroken) as refused:
        run_rules(rules=[rule], batch=Batch(BATCH))
    assert str(refused.value).startswith(
        "Rule broken_rule about points crashes with KeyError in "
        "tests/unit/transforms/rules/test_engine.py, line "
    )
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_value_with_a_field_beside_or_above_it_is_not_shared() -> None:
    rule = UniqueRule(
        code="c", path="points.meters.n", explanation="x", unless=("points.left", "points.meters.removed")
    )
    batch = [
        {"points": [{"meters": [{"n": "A"}, {"n": "B"}]}]},
        {"points": [{"left": "2019-01-01", "meters": [{"n": "A"}]}]},
        {"points": [{"left": None, "meters": [{"n": "B", "removed": "2019-01-01"}, {"n": "C"}]}]},
    ]
    assert run_rules(rules=[rule], batch=Batch(batch)) == {}
    assert list(rule.values(batch=Batch(batch))) == [(0, "a"), (0, "b"), (2, "c")]


def test_a_rule_about_payloads_looks_only_at_those_with_something_to_look_at() -> None:
    looked_at: list[object] = []

    def faults(payload: Document) -> list[Fault]:
        looked_at.append(payload["name"])
        return [Fault("name")]

    rule = ObjectRule(
        code="c", path="", explanation="x", faults=faults, fields=("name",), where="points.meters.n"
    )
    assert found(rule) == {0: ["name"], 2: ["name"]}
    assert looked_at == ["one", "three"]
