"""The payloads that the guides show, changed at some places, and what the stand-in says to them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from kraken_import.simulator.rules import FORMS, Objection, judge
from tests.samples import expected_payload
from transforms.registry import get_dialect

ABSENT: Final = object()
TODAY: Final = date(2020, 3, 1)
"""A day on which nothing in the examples is past that may not be."""
LATER: Final = date(2026, 6, 1)
EXAMPLES: Final = {name: expected_payload(dialect=get_dialect(name=name)) for name in FORMS}


def today(form: str) -> date:
    return TODAY if form == "edf_accounts" else LATER


def changed(form: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The example of a form, with other values at dotted paths; a list grows by one at its length."""
    payload = copy.deepcopy(EXAMPLES[form])
    for path, value in changes.items():
        *parents, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
        node: Any = payload
        for step in parents:
            node = node[step]
        if value is ABSENT:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)
    return payload


def objections(form: str, changes: Mapping[str, Any], **context: Any) -> tuple[Objection, ...]:
    return judge(form=form, payload=changed(form, changes), today=today(form), **context)


def said(form: str, changes: Mapping[str, Any], **context: Any) -> list[tuple[str, str]]:
    return [(each.path, each.code) for each in objections(form, changes, **context)]
