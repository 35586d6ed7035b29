"""What the stand-in refuses, one module for each form of payload.

A module has `fits(payload)`, `problems(payload)` for validation and `processing_error(payload)` for what
goes wrong only later. To add a form, add a module here and name it in `FORMS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from simulator.rules import edf_accounts, supply_points
from simulator.rules.common import Problem


class Form(Protocol):
    """What a module of rules provides."""

    def fits(self, payload: Mapping[str, Any], /) -> bool: ...

    def problems(self, payload: Mapping[str, Any], /) -> Iterator[Problem]: ...

    def processing_error(self, payload: Mapping[str, Any], /) -> tuple[str, str] | None: ...


FORMS: Final[Mapping[str, tuple[Form, ...]]] = {
    "accounts": (edf_accounts,),
    "supply-points": (supply_points,),
}


def form_of(*, resource: str, payload: Mapping[str, Any]) -> Form:
    """The rules for a payload of this resource; the first form's when none fits."""
    forms = FORMS[resource]
    return next((form for form in forms if form.fits(payload)), forms[0])
