"""The guides' payloads, changed at one place, and what the stand-in says to them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from legacy.load import generated_dialects
from simulator.rules import Form, form_of
from tests.samples import expected_payload
from transforms.registry import get_dialect

ABSENT: Final = object()
Case = tuple[Sequence[str | int], Any, str, str]
"""Where to change a sound payload, to what, and the path and code of what is then refused."""


def sound(dialect: str) -> dict[str, Any]:
    return expected_payload(dialect=get_dialect(name=dialect))


def form(dialect: str, payload: dict[str, Any]) -> Form:
    return form_of(resource=get_dialect(name=dialect).resource, payload=payload)


def problems(dialect: str, payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in form(dialect, payload).problems(payload)]


def changed(payload: dict[str, Any], path: Sequence[str | int], value: Any) -> dict[str, Any]:
    payload = copy.deepcopy(payload)
    node: Any = payload
    for step in path[:-1]:
        node = node[step]
    if value is ABSENT:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return payload


DIALECTS: Final = generated_dialects()
"""Those that the demonstration has customers of, and so the stand-in rules for."""
