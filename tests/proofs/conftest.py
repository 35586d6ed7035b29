"""The stack that all long proofs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stacks import DAG, Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole stack; each proof has its own customers."""
    dags = (DAG, "migrate_plenitude_accounts", "plan_cohort", "rerun_edf_accounts", "reconcile")
    with running_stack(folder=tmp_path_factory.mktemp("proofs"), dags=dags) as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the proof that kills and stops the shared stack come last, whatever was asked for."""
    items.sort(key=lambda item: item.get_closest_marker("ends_the_stack") is not None)
