"""Deletes, every morning, what is kept for longer than `MIGRATION_RETENTION` says.

It gives days by kind, for example `payloads=90 answers=30 digests=30 details=365 reports=365 runs=365`; a
kind that it does not name is kept. Waves with open records and waves under a legal hold keep all they have.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from kraken_import.airflow.connections import ConnectionIds, connection_ids
from kraken_import.airflow.dags.batches import tried_again
from kraken_import.airflow.environment import retention_days
from kraken_import.airflow.operators.retention import RetainOperator
from transforms.registry import dialect_names


def retention_dag() -> DAG:
    """Return the DAG that deletes what has been kept for long enough."""
    days = retention_days()
    with DAG(
        dag_id="retain",
        dag_display_name="Delete what has been kept for long enough",
        description="Purges waves, and deletes answers, digests, details and reports, as MIGRATION_RETENTION "
        "says.",
        doc_md=__doc__,
        schedule="0 6 * * *" if days else None,
        # Without a start date Airflow does not catch up on mornings before it was deployed.
        catchup=False,
        max_active_runs=1,
        tags=["kraken", "migration"],
        default_args={
            **tried_again(),
            "execution_timeout": timedelta(hours=4),
        },
    ) as dag:
        known: dict[str, ConnectionIds] = {}
        for dialect_name in dialect_names():
            connections = connection_ids(dialect=dialect_name)
            known.setdefault(connections.tracking, connections)
        for connections in known.values():
            RetainOperator(task_id=f"retain_{connections.tracking}", connections=connections)
    return dag
