"""What a forked task finds in memory, and what it reads anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TASK = """
import os
import sys
from pathlib import Path

import kraken_import.airflow.preload
import transforms

loaded = set(sys.modules)
folder = Path(transforms.__file__).parent / "dialects" / "plenitude_accounts"
{change}
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
from kraken_import.airflow.dags import dialect_dags
from transforms.build import build
from transforms.registry import get_dialect

before = dict(sys.modules)
dag = dialect_dags()["migrate_plenitude_accounts"]
dialect = get_dialect(name="plenitude_accounts")
assert dialect.title in dag.dag_display_name
print(dialect.title)
afresh = [name for name, module in sys.modules.items() if before.get(name) is not module]
print(*sorted({{*afresh, *(set(sys.modules) - loaded)}}))
"""


@pytest.mark.proof
def test_a_task_finds_its_dialect_in_memory(tmp_path: Path) -> None:
    title, afresh = _task(copy=tmp_path, change="")
    assert title == "Plenitude PT accounts"
    # The scheduler has what Airflow itself imports by then.
    assert [name for name in afresh if not name.startswith("airflow.")] == []


@pytest.mark.proof
@pytest.mark.parametrize(
    "change",
    [
        '(folder / "__init__.py").write_text('
        '(folder / "__init__.py").read_text().replace("Plenitude PT accounts", "Corrected"))',
        # An added file may be what another import finds now.
        '(folder / "added.py").write_text("")',
        'next((folder.parent / "edf_accounts" / "model").glob("values.py")).touch()',
    ],
)
def test_a_task_reads_anew_what_has_changed_since_the_scheduler_was_started(
    tmp_path: Path, change: str
) -> None:
    title, afresh = _task(copy=tmp_path, change=change)
    assert title == ("Corrected" if "Corrected" in change else "Plenitude PT accounts")
    assert "transforms.dialects.plenitude_accounts" in afresh
    assert any(name.startswith("transforms.dialects.plenitude_accounts.") for name in afresh)
    assert any(name.startswith("transforms.frames.") for name in afresh)
    others = ("edf_accounts", "essential_supply_points", "national_grid_accounts")
    assert [name for name in afresh if any(other in name for other in others)] == []


def _task(*, copy: Path, change: str) -> tuple[str, list[str]]:
    """Run a task on a copy of the dialects. Returns its dialect's title, and what it has imported itself."""
    shutil.copytree(ROOT / "transforms", copy / "transforms")
    (copy / "sql").symlink_to(ROOT / "sql")
    told = subprocess.run(
        [sys.executable, "-c", TASK.format(change=change)],
        env={
            **os.environ,
            "PYTHONPATH": f"{copy}:{ROOT / 'plugins'}",
            "_AIRFLOW_PARSING_CONTEXT_DAG_ID": "migrate_plenitude_accounts",
            "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "create",
        },
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    title, afresh = told.stdout.splitlines()[-2:]
    return title, afresh.split()
