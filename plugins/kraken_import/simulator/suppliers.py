"""The import suppliers that the stand-in knows. Each is marked with the form of its payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kraken_import.simulator.rules import FORMS
from kraken_import.simulator.rules.declared import Objection

DEFAULTS: Final[Mapping[str, str]] = {
    "TENTACLE_ENERGY": "edf_accounts",
    # Both guides of Essential have this one; its supply points may have notifications or accounts.
    "TEST_SUPPLIER": "essential_supply_points_cdns",
    "<IMPORT_SUPPLIER>": "national_grid_accounts",
    "ENIPLENITUDEPT_IMPORT_SUPPLIER": "plenitude_accounts",
}
"""Those of the guides' examples."""

VARIABLE: Final = "SIMULATOR_SUPPLIERS"
"""Further ones, as CODE=FORM with commas between them."""


class UnableToReadSupplier(ValueError):
    """A mark that is none, said in one sentence."""


def read_supplier(text: str) -> tuple[str, str]:
    """Read `CODE=FORM`. Returns code and form; raises UnableToReadSupplier."""
    code, _, form = text.strip().rpartition("=")
    if not code or form not in FORMS:
        raise UnableToReadSupplier(f"{text!r} is not CODE=FORM with one of the forms {', '.join(FORMS)}")
    return code, form


def read_suppliers(text: str) -> dict[str, str]:
    """Read marks with commas between them. Returns the form of each code; raises UnableToReadSupplier."""
    return dict(read_supplier(each) for each in text.split(",") if each.strip())


def unknown_supplier(*, payload: Mapping[str, Any]) -> Objection:
    """The objection to a payload whose import supplier has no mark, or one of another resource."""
    if payload.get("import_supplier") is None:
        return Objection("import_supplier", "required", "This field is required.")
    says = f'"{payload["import_supplier"]}" is not a valid choice.'
    return Objection("import_supplier", "invalid_choice", says)
