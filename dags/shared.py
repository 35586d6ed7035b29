"""What the DAGs of waves and of reruns share: the steps of a batch, and how tasks are tried again."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, TriggerRule, task_group

from kraken_import.airflow import environment
from kraken_import.airflow.connections import ConnectionIds
from kraken_import.airflow.operators.batch import (
    AwaitBatchOperator,
    BuildBatchOperator,
    CreateBatchOperator,
    ValidateBatchOperator,
)
from kraken_import.airflow.pools import pool_of
from kraken_import.airflow.retrying import PatientRetryPolicy, retries_of
from transforms.registry import dialect_names

BATCHES_AT_ONCE = environment.batches_at_once()

SCHEDULE = os.environ.get("MIGRATION_SCHEDULE", "0 20 * * *")
"""When the waves of planned cohorts begin, as a cron line in each dialect's time zone; empty: never."""

PATIENCE = environment.patience()

BUILD, VALIDATE, CREATE, SHORT, ORDER = range(1, 6)
"""Who gets a worker or a place in a pool first, the highest: an order to stop, what is over in seconds, and
then the batch that is nearest to its end, so that no wave waits for the builds of a later one."""

TRIED_AGAIN: dict[str, Any] = {
    "owner": "migration",
    "retries": retries_of(patience=PATIENCE),
    "retry_policy": PatientRetryPolicy(patience=PATIENCE),
    # For what no policy is asked about: a task that was killed, or whose supervisor or API server was.
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(seconds=60),
    "weight_rule": "absolute",
    "priority_weight": SHORT,
}
"""How every task that a run depends on is tried again, and how soon it gets a worker."""

AWAIT_MINUTES = Param(
    60,
    type="number",
    exclusiveMinimum=0,
    maximum=10_080,
    title="Minutes to wait",
    description="How long a batch waits for Kraken. What is open then, poll_open goes on asking for.",
)

POLICY = {
    "threshold": Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        section="Policy",
        title="Failure threshold",
        description="Share of failed records (0 to 1) above which the run ends failed; an unattended wave in "
        "which more are refused before the first create is stopped there.",
    ),
    "require_rehearsal": Param(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Require a rehearsal",
        description="Create only what a dry run has succeeded with, payload for payload; hold back the rest.",
    ),
    "approval": Param(
        None,
        type=["null", "string"],
        enum=[None, "unattended", "required"],
        section="Policy",
        title="Approval",
        description="required: a person must approve, under Required actions, before anything is created. "
        "unattended: the failure threshold decides.",
    ),
    "approval_minutes": Param(
        None,
        type=["null", "number"],
        exclusiveMinimum=0,
        maximum=10_080,
        section="Policy",
        title="Minutes to wait for approval",
        description="Without an answer by then the wave ends, and nothing is created.",
    ),
    "four_eyes": Param(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Four eyes",
        description="With approval required: the user who asked for the wave or planned its cohort cannot "
        "approve it.",
    ),
    "reruns_ask": Param(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Reruns ask for approval",
        description="With approval required: a rerun of the wave's records is approved anew. Otherwise the "
        "wave's approval covers it.",
    ),
    "error_share": Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        section="Policy",
        title="Error budget: share",
        description="Share of failures (0 to 1) of validation, creation or the end of processing; once the "
        "last records prove more with 99 % certainty, the wave stops.",
    ),
    "error_count": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        section="Policy",
        title="Error budget: number",
        description="Number of failures among those records; one more stops the wave at once.",
    ),
    "error_window": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=100_000,
        section="Policy",
        title="Error budget: window",
        description="How many records of a stage, the last ones, the error budget looks at.",
    ),
    "requests_in_flight": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        section="Policy",
        title="Requests in flight",
        description="Requests to Kraken under way at once, for each batch.",
    ),
}
"""What steers a wave. An empty field leaves it to the cohort's policy, else the Connection's, else ours."""

HAS_POOLS = all(pool_of(dialect=name) for name in dialect_names())

TASKS: dict[str, Any] = {
    **TRIED_AGAIN,
    # Tasks that wait without a worker count here too, but leave their place in a pool.
    "max_active_tis_per_dag": None if HAS_POOLS else BATCHES_AT_ONCE,
    "execution_timeout": timedelta(hours=4),
}
"""Default arguments of every task of a wave or a rerun."""


def batch_groups(*, dialect: str, label: str, connections: ConnectionIds) -> tuple[Any, Any]:
    """The groups `prepare` (build, validate) and `load` (create, await), to be expanded over batches.

    `label` is the template by which a batch is named in the grid.
    """

    pool = pool_of(dialect=dialect)
    place = {} if pool is None else {"pool": pool}

    @task_group(group_id="prepare")
    def prepare(batch: dict[str, int]) -> None:
        given: dict[str, Any] = {"batch": batch, "map_index_template": label, "connections": connections}
        build = BuildBatchOperator(task_id="build", priority_weight=BUILD, **place, **given)
        build >> ValidateBatchOperator(
            task_id="validate", patience=timedelta(hours=4), priority_weight=VALIDATE, **place, **given
        )

    @task_group(group_id="load")
    def load(batch: dict[str, int]) -> None:
        given: dict[str, Any] = {"batch": batch, "map_index_template": label, "connections": connections}
        create = CreateBatchOperator(
            task_id="create", patience=timedelta(hours=4), priority_weight=CREATE, **place, **given
        )
        # What a failed create has left open at Kraken is polled to its end all the same.
        create >> AwaitBatchOperator(
            task_id="await", trigger_rule=TriggerRule.ALL_DONE, max_active_tis_per_dag=None, **given
        )

    return prepare, load
