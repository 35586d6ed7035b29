"""The stack that all long proofs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks import DAG, Stack, running_stack

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole stack; each proof has its own customers."""
    dags = (DAG, "migrate_plenitude_accounts", "plan_cohort", "rerun_edf_accounts", "reconcile")
    with running_stack(folder=tmp_path_factory.mktemp("proofs"), dags=dags) as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the proofs, and have the one that kills and stops the shared stack come last.

    Those that share the stack share a worker, and so do those of one file: each has fixtures of its own.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("proof")
            shares = "stack" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group("stack of the proofs" if shares else item.path.stem))
    items.sort(key=lambda item: item.get_closest_marker("ends_the_stack") is not None)
