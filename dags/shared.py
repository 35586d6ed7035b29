"""What the DAGs of waves and of reruns share: the steps of a batch, and which faults are tried again."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule, TriggerRule, task_group

from kraken_import.connections import ConnectionIds
from kraken_import.operators import (
    AwaitBatchOperator,
    BuildBatchOperator,
    CreateBatchOperator,
    ValidateBatchOperator,
)

BATCHES_AT_ONCE = int(os.environ.get("MIGRATION_BATCHES_AT_ONCE", "4"))

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "kraken_import.usecases.faults.BadRequest",
                "kraken_import.usecases.faults.SystemicFault",
                "kraken_import.client.settings.UnableToReadConnection",
                "kraken_import.client.requests.UnableToSendTaskParams",
                "transforms.assemble.FrameContractBroken",
                "transforms.database.UnableToQuery",
            ],
            action=RetryAction.FAIL,
        ),
        RetryRule(
            exception=[
                "kraken_import.usecases.faults.Retryable",
                "sqlalchemy.exc.OperationalError",
                "transforms.database.DatabaseInterrupted",
            ],
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=15),
        ),
    ]
)

AWAIT_MINUTES = Param(
    60,
    type="number",
    exclusiveMinimum=0,
    maximum=10_080,
    title="Minutes to wait",
    description="How long a batch waits for Kraken. What is open then, poll_open goes on asking for.",
)

TASKS = {
    "owner": "migration",
    "retries": 3,
    "retry_policy": RETRY_POLICY,
    "max_active_tis_per_dag": BATCHES_AT_ONCE,
    "execution_timeout": timedelta(hours=4),
}
"""Default arguments of every task."""


def batch_groups(*, label: str, connections: ConnectionIds) -> tuple[Any, Any]:
    """The groups `prepare` (build, validate) and `load` (create, await), to be expanded over batches.

    `label` is the template by which a batch is named in the grid.
    """

    @task_group(group_id="prepare")
    def prepare(batch: dict[str, int]) -> None:
        given: dict[str, Any] = {"batch": batch, "map_index_template": label, "connections": connections}
        build = BuildBatchOperator(task_id="build", **given)
        build >> ValidateBatchOperator(task_id="validate", **given)

    @task_group(group_id="load")
    def load(batch: dict[str, int]) -> None:
        given: dict[str, Any] = {"batch": batch, "map_index_template": label, "connections": connections}
        create = CreateBatchOperator(task_id="create", patience=timedelta(hours=4), **given)
        # What a failed create has left open at Kraken is polled to its end all the same.
        create >> AwaitBatchOperator(
            task_id="await", trigger_rule=TriggerRule.ALL_DONE, max_active_tis_per_dag=None, **given
        )

    return prepare, load
