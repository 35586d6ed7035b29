"""Compares, every day, what was selected, built and accepted with Kraken's own records."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from kraken_import.airflow.connections import ConnectionIds, connection_ids
from kraken_import.airflow.dags.batches import tried_again
from kraken_import.airflow.dags.params import form_field
from kraken_import.airflow.operators.between import ReconcileOperator
from transforms.registry import dialect_names


def reconciliation_dag() -> DAG:
    """Return the DAG that compares each day with Kraken's own records."""
    with DAG(
        dag_id="reconcile",
        dag_display_name="Reconcile",
        description="Counts and money of every wave, and what Kraken holds. A difference fails the run.",
        doc_md=__doc__,
        schedule="0 5 * * *",
        # Without a start date Airflow does not catch up on mornings before it was deployed.
        catchup=False,
        max_active_runs=1,
        params={
            "wave": form_field(
                None,
                type=["null", "string", "integer"],
                minLength=1,
                minimum=1,
                title="Wave",
                description="Id or name. Empty: every live wave with something processed or parked.",
            ),
            "full": form_field(
                False,
                type="boolean",
                title="Everything",
                description="Also compare what has not changed since it was correct. Always so for one wave.",
            ),
        },
        tags=["kraken", "migration"],
        default_args={
            **tried_again(),
            "execution_timeout": timedelta(hours=4),
        },
    ) as dag:
        known: list[ConnectionIds] = []
        for dialect_name in dialect_names():
            connections = connection_ids(dialect=dialect_name)
            if connections not in known:
                known.append(connections)
                ReconcileOperator(task_id=f"reconcile_{connections.kraken}", connections=connections)
    return dag
