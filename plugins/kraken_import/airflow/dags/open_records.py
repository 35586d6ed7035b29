"""Polls, every ten minutes, the import processes that their waves no longer wait for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from kraken_import.airflow.connections import ConnectionIds, connection_ids
from kraken_import.airflow.dags.batches import tried_again
from kraken_import.airflow.operators.between import PollOpenOperator
from transforms.registry import dialect_names, usable_dialects

_EVERY = timedelta(minutes=10)


def open_records_dag() -> DAG:
    """Return the DAG that polls what its wave no longer waits for."""
    with DAG(
        dag_id="poll_open",
        dag_display_name="Poll what is still open",
        description="Asks Kraken about every import process that has not ended, whatever wave it belongs to.",
        schedule=_EVERY,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["kraken", "migration"],
        default_args={
            **tried_again(),
            # The next run repeats the same work soon.
            "retries": 1,
            "execution_timeout": _EVERY,
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
            PollOpenOperator(
                task_id=f"poll_{connections.kraken}",
                connections=connections,
                dialects=dialects,
                patience=_EVERY - timedelta(minutes=1),
            )
    return dag
