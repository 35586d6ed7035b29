"""What Airflow takes for tasks that do nothing: the least of its lines in the ledger."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from kraken_import.cli.airflow_api import Airflow
from kraken_import.local import waves
from kraken_import.local.bench import processes
from kraken_import.local.bench.ledger import AIRFLOWS_DATABASE, START_OF_TASKS
from kraken_import.local.bench.processes import Stack
from kraken_import.local.bench.sampling import sampled
from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import ROOT

DAG: Final = "bench_nothing"
TASKS: Final = 24
"""As many as its DAG has."""
FOLDER: Final = ROOT / "benchmarks" / "dags"

_BUNDLE: Final = "airflow.dag_processing.bundles.local.LocalDagBundle"
_POLL_SECONDS: Final = 0.5
_PARTS: Final = (
    processes.SUPERVISORS,
    processes.SCHEDULER,
    processes.API_SERVER,
    processes.DAG_PROCESSOR,
    processes.DAG_FILES,
    processes.TRIGGERER,
)

SETTINGS: Final[Mapping[str, str]] = {
    "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(
        [
            {"name": "dags-folder", "classpath": _BUNDLE, "kwargs": {}},
            {"name": "bench", "classpath": _BUNDLE, "kwargs": {"path": str(FOLDER)}},
        ]
    )
}
"""Airflow's settings with which it reads the folder of this DAG too."""


class NothingFailed(StackProblem):
    """The tasks that do nothing did not succeed."""


def seconds_of_a_task(*, api: Airflow, stack: Stack) -> dict[str, float]:
    """Return the CPU seconds of Airflow's lines for a task that does nothing. Raises NothingFailed."""
    waves.await_dag(api=api, dag_id=DAG)
    api.unpause(dag_id=DAG)
    before = stack.seconds()
    with sampled(stack=stack) as seen:
        run_id = api.trigger(dag_id=DAG, run_id=f"bench-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}", conf={})
        state = "queued"
        while state not in ("success", "failed"):
            time.sleep(_POLL_SECONDS)
            state = api.run_state(dag_id=DAG, run_id=run_id)
    if state != "success":
        raise NothingFailed(f"{DAG}/{run_id} failed: see its run in Airflow.")
    after = stack.seconds()
    used = {part: after.get(part, 0.0) - before.get(part, 0.0) for part in (*_PARTS, processes.TASKS)}
    found = {part: used[part] / TASKS for part in _PARTS}
    found[START_OF_TASKS] = used[processes.TASKS] / TASKS
    found[AIRFLOWS_DATABASE] = seen.server_seconds().get("airflow", 0.0) / TASKS
    return found
