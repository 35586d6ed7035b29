"""What long-lived processes of Airflow import: each second and megabyte there is paid for all the time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("kraken_import.airflow.triggers", {"pandas"}),
        ("kraken_import.cli.app", {"airflow"}),
        ("kraken_import.console.app", {"airflow", "pandas"}),
    ],
)
def test_what_waits_or_answers_a_person_does_not_import_what_is_heavy(
    module: str, heavy: set[str], tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        "AIRFLOW_HOME": str(tmp_path),
    }
    code = f"import sys; import {module}; sys.exit(' '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
