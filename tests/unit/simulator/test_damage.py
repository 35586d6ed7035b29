"""Payloads damaged at any place: the stand-in refuses them or lets them pass, and never breaks."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from kraken_import.simulator.rules import FORMS, judge
from kraken_import.simulator.rules.declared import Context
from tests.unit.simulator.examples import EXAMPLES, today

ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    "NaN",
    "-Infinity",
    "1e999",
    7,
    1.5,
    True,
    [],
    {},
    ["x"],
    [[]],
    [{}],
    {"x": []},
)


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


@pytest.mark.parametrize("name", FORMS)
def test_no_odd_value_at_any_place_breaks_the_rules(name: str) -> None:
    whole, form = EXAMPLES[name], FORMS[name]
    for path in places(whole):
        damaged = copy.deepcopy(whole)
        node = damaged
        for step in path[:-1]:
            node = node[step]
        for value in ODD:
            node[path[-1]] = copy.deepcopy(value)
            if not judge(form=name, payload=damaged, today=today(name)):
                form.processing_error(damaged)
                form.references(damaged)


@pytest.mark.parametrize("name", FORMS)
def test_what_is_quickly_found_right_has_no_objection_at_length(name: str) -> None:
    form, whole = FORMS[name], EXAMPLES[name]
    right = 0

    def compare(payload: Any) -> bool:
        quick, at_length = (
            find(payload=payload, kind=form.kind, context=Context(today(name), lambda *_: False))
            for find in (form.shapes.objections, form.shapes.listed)
        )
        assert quick == at_length
        return not quick

    assert compare(whole)
    for path in places(whole):
        damaged = copy.deepcopy(whole)
        node = damaged
        for step in path[:-1]:
            node = node[step]
        kept = node.pop(path[-1])
        right += compare(damaged)
        # Of the same type, so that what is known of the fields is used again.
        for value in (*ODD, f"{kept}"[:-1], f"{kept}" * 50, [kept, kept], [None]):
            if isinstance(node, list):
                node.insert(int(path[-1]), copy.deepcopy(value))
                right += compare(damaged)
                node.pop(int(path[-1]))
            else:
                node[path[-1]] = copy.deepcopy(value)
                right += compare(damaged)

    assert right > 50


def test_no_field_of_another_kind_of_meter_or_point_breaks_the_rules() -> None:
    form, whole = FORMS["edf_accounts"], EXAMPLES["edf_accounts"]
    kinds = ("ElectricityMeterPoint", "ElectricityMeter", "GasMeterPoint", "GasMeter")
    names = {name for kind in kinds for name in form.shapes.shapes[kind].fields}
    points = whole["supply_addresses"][0]["meter_points"]
    assert {point["supply_type"] for point in points} == {"ELECTRICITY", "GAS"}
    for index, point in enumerate(points):
        for name in names - point["meters"][0].keys():
            for value in ODD:
                damaged = copy.deepcopy(whole)
                meter = damaged["supply_addresses"][0]["meter_points"][index]["meters"][0]
                meter[name] = copy.deepcopy(value)
                judge(form=form.name, payload=damaged, today=today(form.name))
