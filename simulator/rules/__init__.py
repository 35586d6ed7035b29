"""What the stand-in refuses, one module for each form of payload.

A module of a form has `RESOURCE`, `fits(payload)`, `problems(payload)` for validation and
`processing_error(payload)` for what goes wrong only later. A further form is one more module here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, cast

from simulator.rules.common import Problem


class Form(Protocol):
    """What a module of rules provides."""

    def fits(self, payload: Mapping[str, Any], /) -> bool: ...

    def problems(self, payload: Mapping[str, Any], /) -> Iterator[Problem]: ...

    def processing_error(self, payload: Mapping[str, Any], /) -> tuple[str, str] | None: ...


def _found() -> Mapping[str, Sequence[Form]]:
    forms: dict[str, list[Form]] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "RESOURCE"):
            forms.setdefault(module.RESOURCE, []).append(cast(Form, module))
    return forms


FORMS: Final = _found()
"""The forms of each resource's payloads, in the order of their modules' names."""


def form_of(*, resource: str, payload: Mapping[str, Any]) -> Form:
    """The rules for a payload of this resource; the first form's when none fits."""
    forms = FORMS[resource]
    return next((form for form in forms if form.fits(payload)), forms[0])
