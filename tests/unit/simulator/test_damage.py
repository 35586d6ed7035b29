"""Payloads damaged at any place: the stand-in refuses them or lets them pass, and never breaks."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.rules import form_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
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


@pytest.mark.parametrize("dialect", sorted(folder.parent.name for folder in SAMPLES.glob("*/payload.json")))
def test_no_odd_value_at_any_place_breaks_the_rules(dialect: str) -> None:
    resource = "supply-points" if "supply_points" in dialect else "accounts"
    sound = json.loads((SAMPLES / dialect / "payload.json").read_text())
    for path in places(sound):
        damaged = copy.deepcopy(sound)
        node = damaged
        for step in path[:-1]:
            node = node[step]
        for value in ODD:
            node[path[-1]] = copy.deepcopy(value)
            form = form_of(resource=resource, payload=damaged)
            if not list(form.problems(damaged)):
                form.processing_error(damaged)
