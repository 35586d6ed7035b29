"""The parts that the DAGs of waves and of reruns share: the steps of a batch, and how tasks are retried."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import DAG, Param, TriggerRule, task_group
from airflow.sdk.definitions.param import ParamsDict

from kraken_import.airflow import environment
from kraken_import.airflow.connections import connection_ids
from kraken_import.airflow.deadlines import deadline
from kraken_import.airflow.operators.base import MigrationOperator
from kraken_import.airflow.operators.batch import (
    AwaitBatchOperator,
    BuildBatchOperator,
    CreateBatchOperator,
    ValidateBatchOperator,
)
from kraken_import.airflow.pools import pool_of
from kraken_import.airflow.retrying import PatientRetryPolicy, retries_of
from kraken_import.domain.nights import scheduled
from transforms.registry import delivered_dialect, dialect_names

BUILD, VALIDATE, CREATE, SHORT, ORDER = range(1, 6)
"""Priority for a worker or a place in a pool, the highest first: an order to stop, then what takes seconds,
then the batch that is nearest to its end, so that no wave waits for the builds of a later one."""

_LONGEST: Final = timedelta(hours=4)
_LABEL: Final = (
    "wave {{ task.batch['wave_id'] }}, batch {{ task.batch['batch'] }}{{ standing | default('') }}"
)
"""Names a batch in the grid, and what it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The differences between a wave's DAG and a rerun's."""

    prefix: str
    what: str
    """What a run is, for a sentence."""
    title: str
    """Contains the dialect's title."""
    description: str
    doc_md: str
    plan: type[MigrationOperator]
    gate: type[MigrationOperator]
    summarise: type[MigrationOperator]
    report: type[MigrationOperator] | None = None
    """Comes last, whatever happened before it."""
    params: Mapping[str, Param]
    tags: tuple[str, ...] = ()
    schedule: Any = None


def schedule() -> str:
    """Return when waves of cohorts begin, as a cron line in each dialect's time zone; empty: never."""
    return scheduled(environment=os.environ)


def tried_again() -> dict[str, Any]:
    """Return how every task that a run depends on is retried, and how soon it gets a worker."""
    patience = environment.patience()
    return {
        "owner": "migration",
        "retries": retries_of(patience=patience),
        "retry_policy": PatientRetryPolicy(patience=patience),
        # For what the policy is not asked about: the task, its supervisor or its API server was killed.
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(seconds=60),
        "weight_rule": "absolute",
        "priority_weight": SHORT,
    }


def dialect_dag(*, name: str, outline: Outline) -> DAG:
    """Return the DAG of a dialect: plan, prepare every batch, open the gate, load every batch, summarise."""
    dialect = delivered_dialect(name=name)
    given: dict[str, Any] = {"connections": connection_ids(dialect=name)}
    with DAG(
        dag_id=f"{outline.prefix}_{name}",
        dag_display_name=outline.title,
        description=outline.description,
        doc_md=outline.doc_md,
        schedule=outline.schedule,
        catchup=False,
        max_active_runs=4,
        tags=["kraken", "migration", *outline.tags, dialect.market],
        default_args=_tasks(),
        deadline=deadline(dialect=name, what=outline.what),
    ) as dag:
        plan = outline.plan(task_id="plan", dialect=name, **given)
        gate = outline.gate(task_id="gate", trigger_rule=TriggerRule.ALL_DONE, **given)
        summarise = outline.summarise(
            task_id="summarise", dialect=name, trigger_rule=TriggerRule.ALL_DONE, **given
        )
        prepare, load = _groups(dialect=name, given={**given, "dialect": name, "map_index_template": _LABEL})
        plan >> prepare.expand(batch=plan.output) >> gate
        gate >> load.expand(batch=gate.output) >> summarise
        if outline.report is not None:
            # A teardown: whatever happens to the report, the run keeps the state that summarise gives it.
            summarise >> outline.report(task_id="report", **given).as_teardown()
    # Airflow gives every task a copy of the form that its DAG has by then, and would write each with the DAG.
    dag.params = ParamsDict(deepcopy(dict(outline.params)))
    return dag


def _tasks() -> dict[str, Any]:
    """Return the default arguments of every task of a wave or a rerun."""
    has_pools = all(pool_of(dialect=name) for name in dialect_names())
    return {
        **tried_again(),
        # Tasks that wait without a worker count here too, but leave their place in a pool.
        "max_active_tis_per_dag": None if has_pools else environment.batches_at_once(),
        "execution_timeout": _LONGEST,
    }


def _groups(*, dialect: str, given: dict[str, Any]) -> tuple[Any, Any]:
    """Return the groups `prepare` (build, validate) and `load` (create, await), expandable over batches."""
    pool = pool_of(dialect=dialect)
    place = {} if pool is None else {"pool": pool}
    waiting = {"patience": _LONGEST, **place, **given}

    @task_group(group_id="prepare")
    def prepare(batch: dict[str, int]) -> None:
        build = BuildBatchOperator(task_id="build", batch=batch, priority_weight=BUILD, **place, **given)
        build >> ValidateBatchOperator(task_id="validate", batch=batch, priority_weight=VALIDATE, **waiting)

    @task_group(group_id="load")
    def load(batch: dict[str, int]) -> None:
        create = CreateBatchOperator(task_id="create", batch=batch, priority_weight=CREATE, **waiting)
        # What a failed create has left open at Kraken is still polled to its end.
        create >> AwaitBatchOperator(
            task_id="await",
            batch=batch,
            trigger_rule=TriggerRule.ALL_DONE,
            max_active_tis_per_dag=None,
            **given,
        )

    return prepare, load
