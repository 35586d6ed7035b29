"""What a forked task finds in memory, and what it reads anew."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

TASK = """
import sys

import kraken_import.airflow.preload

loaded = set(sys.modules)
from kraken_import.airflow.dags import dialect_dags
from transforms.build import build
from transforms.registry import get_dialect

assert list(dialect_dags()) == ["migrate_plenitude_accounts"]
get_dialect(name="plenitude_accounts")
print(*sorted(set(sys.modules) - loaded))
"""


@pytest.mark.proof
def test_a_task_imports_its_dialect_alone_and_reads_that_anew() -> None:
    told = subprocess.run(
        [sys.executable, "-c", TASK],
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
            "_AIRFLOW_PARSING_CONTEXT_DAG_ID": "migrate_plenitude_accounts",
            "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "create",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    afresh = told.stdout.split()
    assert "transforms.dialects.plenitude_accounts" in afresh
    # The scheduler has what Airflow itself imports by then.
    assert [name for name in afresh if not name.startswith(("transforms.", "airflow."))] == []
    others = ("edf_accounts", "essential_supply_points", "national_grid_accounts")
    assert [name for name in afresh if any(other in name for other in others)] == []
