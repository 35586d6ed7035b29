"""A form of payload: its fields, its rules, and what goes wrong only while it is processed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from kraken_import.simulator.rules.declared import Found, Rule, Rulebook
from kraken_import.simulator.rules.shape import Choice, Shapes, read_shapes

ProcessingError: TypeAlias = tuple[str, str]
"""Code and detail."""


def _nothing(_: Found) -> tuple[tuple[str, str], ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form. `kind` is the shape of the whole payload, `fields_source` where its fields are stated."""

    name: str
    resource: str
    kind: str
    shapes: Shapes
    book: Rulebook
    fields_source: str
    processing_error: Callable[[Found], ProcessingError | None]
    references: Callable[[Found], tuple[tuple[str, str], ...]] = _nothing
    """The references that no two accounts in Kraken may share."""


def shapes_of(
    *texts: str, book: Rulebook, choices: Mapping[str, Choice] | None = None, is_null_absent: bool
) -> Shapes:
    """The fields of a form together with its rules."""
    rules: dict[str, tuple[Rule, ...]] = {}
    for rule in book.rules:
        rules[rule.on] = (*rules.get(rule.on, ()), rule)
    shapes = read_shapes(*texts)
    strange = rules.keys() - shapes.keys()
    assert not strange, strange
    return Shapes(shapes=shapes, choices=choices or {}, rules=rules, is_null_absent=is_null_absent)


def obsolete_tariff(*, points: str) -> Callable[[Found], ProcessingError | None]:
    """Finds a tariff that Kraken no longer has, at the points that the addresses list as `points`."""

    def find(payload: Found) -> ProcessingError | None:
        for address in payload.get("supply_addresses") or ():
            for point in address.get(points) or ():
                for agreement in point.get("agreements") or ():
                    if "OBSOLETE" in str(agreement.get("tariff_code")):
                        return "tariff_code_not_found", f"Tariff {agreement['tariff_code']} does not exist."
        return None

    return find


def missing_substation(payload: Mapping[str, Any]) -> ProcessingError | None:
    """Finds a substation that the network no longer has."""
    substation = payload["supply_point"].get("substation") or ""
    if substation.startswith("999"):
        return "substation_not_found", f"Substation {substation} does not exist."
    return None
