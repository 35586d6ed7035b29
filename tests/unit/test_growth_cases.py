"""The benchmark of growth forgets no statement."""

from __future__ import annotations

from benchmarks.growth_cases import CASES, MAINTENANCE
from benchmarks.growth_explain import forgotten


def test_every_statement_of_the_tracking_database_is_explained_at_scale() -> None:
    assert forgotten() == []


def test_only_statements_that_are_there_are_excused() -> None:
    titles = {f"{name} {case.label}".strip() for name, cases in CASES.items() for case in cases}
    assert titles >= MAINTENANCE.keys()
