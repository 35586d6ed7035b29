"""The DAGs. A file in Airflow's DAG folder only has to put them among its globals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from airflow.sdk import DAG, get_parsing_context

from kraken_import.airflow.dags.cohorts import cohort_dag
from kraken_import.airflow.dags.control import control_dag
from kraken_import.airflow.dags.open_records import open_records_dag
from kraken_import.airflow.dags.reconciliation import reconciliation_dag
from kraken_import.airflow.dags.reruns import rerun_dag
from kraken_import.airflow.dags.watch import watch_dag
from kraken_import.airflow.dags.waves import wave_dag
from transforms.registry import dialect_names


def dialect_dags() -> dict[str, DAG]:
    """Return the DAGs of the waves and the reruns of every dialect, by id."""
    return _wanted(
        {f"migrate_{name}": partial(wave_dag, name=name) for name in dialect_names()}
        | {f"rerun_{name}": partial(rerun_dag, name=name) for name in dialect_names()}
    )


def operation_dags() -> dict[str, DAG]:
    """Return the DAGs for everything around the waves, by id."""
    return _wanted(
        {
            "control_wave": control_dag,
            "plan_cohort": cohort_dag,
            "poll_open": open_records_dag,
            "reconcile": reconciliation_dag,
            "watch": watch_dag,
        }
    )


def _wanted(builders: Mapping[str, Callable[[], DAG]]) -> dict[str, DAG]:
    # A task needs only its own DAG, and the models of other dialects take time to load.
    wanted = get_parsing_context().dag_id
    return {dag_id: build() for dag_id, build in builders.items() if wanted in (None, dag_id)}
