"""The DAGs. A file in Airflow's DAG folder only has to put them among its globals.

A file of a project names its folder, so that a process of Airflow that works with another project, or with
none, refuses the file instead of sending customers in the form of the package's own dialects.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from airflow.sdk import DAG, get_parsing_context

from kraken_import.airflow.dags.cohorts import cohort_dag
from kraken_import.airflow.dags.control import control_dag
from kraken_import.airflow.dags.open_records import open_records_dag
from kraken_import.airflow.dags.reconciliation import reconciliation_dag
from kraken_import.airflow.dags.reruns import rerun_dag
from kraken_import.airflow.dags.retention import retention_dag
from kraken_import.airflow.dags.watch import watch_dag
from kraken_import.airflow.dags.waves import wave_dag
from transforms.ahead import forget_changed
from transforms.project import require_project
from transforms.registry import BrokenDialect, dialect_names, problem_of

_log = logging.getLogger(__name__)


def dialect_dags(*, project: Path | None = None) -> dict[str, DAG]:
    """Return the DAGs of the waves and the reruns of every dialect that can be loaded, by id.

    `check_dialects` says what is wrong with the others. Raises `BadProject` unless `project` is in force.
    """
    _require(project=project)
    builders: dict[str, Callable[[], DAG]] = {}
    for name in dialect_names():
        builders |= {
            f"migrate_{name}": partial(wave_dag, name=name),
            f"rerun_{name}": partial(rerun_dag, name=name),
        }
    return _wanted(builders)


def operation_dags(*, project: Path | None = None) -> dict[str, DAG]:
    """Return the DAGs for everything around the waves, by id. Raises as `dialect_dags` does."""
    _require(project=project)
    return _wanted(
        {
            "control_wave": control_dag,
            "plan_cohort": cohort_dag,
            "poll_open": open_records_dag,
            "reconcile": reconciliation_dag,
            "retain": retention_dag,
            "watch": watch_dag,
        }
    )


def check_dialects() -> None:
    """Raise `BrokenDialect` with a sentence for each dialect that cannot be loaded.

    In a DAG file without DAGs, Airflow shows them as its import error, and runs the DAGs of other files.
    """
    forget_changed()
    problems = [problem for name in dialect_names() if (problem := problem_of(name=name))]
    if problems:
        raise BrokenDialect(" ".join(problems))


def _require(*, project: Path | None) -> None:
    forget_changed()
    if project is not None:
        require_project(folder=project)


def _wanted(builders: Mapping[str, Callable[[], DAG]]) -> dict[str, DAG]:
    # A task needs only its own DAG, and the models of other dialects take time to load.
    wanted = get_parsing_context().dag_id
    found = {}
    for dag_id, build in builders.items():
        if wanted not in (None, dag_id):
            continue
        try:
            found[dag_id] = build()
        except BrokenDialect as broken:
            _log.error("There is no DAG %s: %s", dag_id, broken)
    return found
