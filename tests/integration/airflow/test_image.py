"""The image's own files, and no others, are enough for Airflow to import every DAG."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images import READ_DAGS, context, copied
from transforms.registry import dialect_names

OPERATIONS = {"control_wave", "plan_cohort", "poll_open", "reconcile", "retain", "watch"}


@pytest.mark.proof
def test_the_image_imports_every_dag(tmp_path: Path) -> None:
    sent = context(folder=tmp_path / "context")
    copied(context=sent, image=tmp_path / "image")
    home = tmp_path / "image" / "opt" / "airflow"
    (home / "airflow.cfg").touch()
    foreign = ("AIRFLOW", "PYTHON", "KRAKEN", "MIGRATION")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    # The wheel's own test shows that it has the same files.
    environment |= {
        "PYTHONPATH": os.pathsep.join((str(sent), str(sent / "plugins"))),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", READ_DAGS, str(home / "dags")],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read = json.loads(done.stdout.splitlines()[-1])
    assert read["errors"] == {}
    waves = {f"{kind}_{name}" for kind in ("migrate", "rerun") for name in dialect_names()}
    assert set(read["ids"]) == waves | OPERATIONS
    assert all(Path(place).is_relative_to(sent) for place in read["homes"])
