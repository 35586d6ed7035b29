"""Tells people of records that stay open or parked, outages, nights without a run, and a dead triggerer.

It runs only where `MIGRATION_NOTIFIERS` names a recipient, or Airflow sends metrics, and never waits: it must
keep running while what it watches does not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from kraken_import.airflow import metrics
from kraken_import.airflow.connections import ConnectionIds, connection_ids
from kraken_import.airflow.dags.batches import SHORT, schedule
from kraken_import.airflow.notifications import are_wanted
from kraken_import.airflow.operators.watch import WatchRecordsOperator, WatchTriggererOperator
from transforms.registry import dialect_names, usable_dialects

_EVERY = timedelta(minutes=10)


def watch_dag() -> DAG:
    """Return the DAG that looks where no run is looking, and tells people."""
    with DAG(
        dag_id="watch",
        dag_display_name="Watch between runs",
        description="Tells people of records that stay open or parked, outages, missed nights and a dead "
        "triggerer.",
        doc_md=__doc__,
        schedule=_EVERY if are_wanted() or metrics.are_wanted() else None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["kraken", "migration"],
        default_args={
            "owner": "migration",
            "retries": 1,
            "retry_delay": timedelta(seconds=30),
            "execution_timeout": timedelta(minutes=4),
            "weight_rule": "absolute",
            "priority_weight": SHORT,
        },
    ) as dag:
        known: dict[ConnectionIds, list[str]] = {}
        usable = usable_dialects()
        for dialect_name in dialect_names():
            dialects = known.setdefault(connection_ids(dialect=dialect_name), [])
            # What has left is followed to its end, whatever is wrong with its dialect now.
            if dialect_name in usable:
                dialects.append(dialect_name)
        for connections, dialects in known.items():
            WatchRecordsOperator(
                task_id=f"records_of_{connections.kraken}",
                connections=connections,
                dialects=dialects,
                schedule=schedule(),
            )
        # What was already reported is kept in one tracking database.
        WatchTriggererOperator(task_id="triggerer", connections=next(iter(known)))
    return dag
