"""Payloads damaged at any place: the stand-in refuses them or lets them pass, and never breaks."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from kraken_import.simulator.rules import FORMS, judge
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
