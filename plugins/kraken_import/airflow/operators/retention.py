"""Airflow's operator of the DAG `retain`."""

from __future__ import annotations

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from kraken_import.airflow.environment import retention_days
from kraken_import.airflow.operators.base import MigrationOperator
from kraken_import.airflow.storage import delete_report
from kraken_import.usecases.retention import retain


class RetainOperator(MigrationOperator):
    """Deletes what a tracking database, and the reports of its waves, have kept for long enough."""

    def execute(self, context: Context) -> dict[str, int]:
        """Delete; a wave that is kept for longer than it may be fails the run, in one sentence."""
        done = retain(
            tracking=self.own_tracking(),
            days=retention_days(),
            delete_report=lambda wave: delete_report(dag_id=wave.dag_id, wave_id=wave.id),
        )
        self.log.info(
            "Deleted: %s. Waves that a legal hold keeps: %s.",
            ", ".join(f"{kind} {amount:,}" for kind, amount in done.deleted.items()) or "nothing",
            len(done.held),
        )
        if done.failure is not None:
            raise AirflowFailException(done.failure)
        return dict(done.deleted)
