"""The stand-in's refusals: its own reading of the guides and of the document that EDF's Kraken serves.

`judge` returns what is wrong with a payload of a form. Each rule declares its codes and its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from kraken_import.simulator.rules import essential_supply_points, national_grid_accounts, plenitude_accounts
from kraken_import.simulator.rules.declared import Context, Objection
from kraken_import.simulator.rules.edf import accounts as edf_accounts
from kraken_import.simulator.rules.forms import Form

FORMS: Final[Mapping[str, Form]] = {
    form.name: form
    for form in (
        edf_accounts.FORM,
        essential_supply_points.FORM_OF_ACCOUNTS,
        essential_supply_points.FORM_OF_CDNS,
        national_grid_accounts.FORM,
        plenitude_accounts.FORM,
    )
}
"""The forms by name."""


def _is_never_taken(_: str, __: str) -> bool:
    return False


def judge(
    *,
    form: str,
    payload: Mapping[str, Any],
    today: date,
    is_taken: Callable[[str, str], bool] = _is_never_taken,
) -> tuple[Objection, ...]:
    """Judge a payload as its validation does. Returns all objections, none for a payload that is right.

    `form` is a name in FORMS, `is_taken` tells whether a reference (namespace, value) is another account's.
    """
    rules = FORMS[form]
    context = Context(today, is_taken)
    return tuple(rules.shapes.objections(payload=payload, kind=rules.kind, context=context))
