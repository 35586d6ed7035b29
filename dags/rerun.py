"""One rerun DAG for each dialect: takes chosen records of any waves, and no others, to their end."""

from __future__ import annotations

from airflow.sdk import DAG, Param, TriggerRule, get_parsing_context

from dags.shared import AWAIT_MINUTES, TASKS, batch_groups
from kraken_import.connections import connection_ids
from kraken_import.operators import (
    PlanRerunOperator,
    RerunGateOperator,
    SummariseRerunOperator,
)
from kraken_import.usecases.rerun import RERUNNABLE
from transforms.registry import delivered_dialect, dialect_names

PARAMS = {
    "wave": Param(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=100,
        title="Wave",
        description="Id or name. Empty: live records of all waves.",
    ),
    "batch": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        title="Batch",
        description="Number of a batch of that wave.",
    ),
    "states": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": [state.value for state in RERUNNABLE]},
        examples=[state.value for state in RERUNNABLE],
        title="States",
        description="Records that stand in one of these.",
    ),
    "error_code": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Error code",
        description="Records whose last attempt has an error with this code.",
    ),
    "error_path": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Path",
        description="Records whose last attempt has an error at this path, without indexes.",
    ),
    "identifiers": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Customers",
        description="Exactly these external identifiers, one a line.",
    ),
    "not_processed": Param(
        False,
        type="boolean",
        title="Everything not processed",
        description="Without any other choice: all live records that are not in Kraken.",
    ),
    "requests_in_flight": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        title="Requests in flight",
        description="Of this rerun alone, for each batch. Empty: as the Connection says.",
    ),
    "threshold": Param(
        0.1,
        type="number",
        minimum=0,
        maximum=1,
        title="Failure threshold",
        description="Share of this rerun's records that may fail (0 to 1) before it ends failed.",
    ),
    "await_minutes": AWAIT_MINUTES,
}


def rerun_dag(*, name: str) -> DAG:
    """The DAG that reruns records of a dialect, over that dialect's Connections."""
    dialect = delivered_dialect(name=name)
    shared = {"connections": connection_ids(dialect=name)}
    with DAG(
        dag_id=f"rerun_{name}",
        dag_display_name=f"Rerun {dialect.title}",
        description=f"Chosen records of {dialect.title} once more, whatever wave they belong to",
        doc_md=(
            "Every criterion that is given must hold. What is in Kraken is never created again; what Kraken "
            "ended as errored or cancelled is opened again as a new attempt; what is open is only polled."
        ),
        schedule=None,
        catchup=False,
        max_active_runs=4,
        params=PARAMS,
        tags=["kraken", "migration", "rerun", dialect.market],
        default_args=TASKS,
    ) as dag:
        plan = PlanRerunOperator(task_id="plan", dialect=name, **shared)
        gate = RerunGateOperator(
            task_id="gate",
            trigger_rule=TriggerRule.ALL_DONE,
            **shared,
        )
        summarise = SummariseRerunOperator(task_id="summarise", trigger_rule=TriggerRule.ALL_DONE, **shared)
        prepare, load = batch_groups(
            dialect=name, label="wave {{ task.batch['wave_id'] }}, batch {{ task.batch['batch'] }}", **shared
        )
        plan >> prepare.expand(batch=plan.output) >> gate
        gate >> load.expand(batch=gate.output) >> summarise
    return dag


# A task is interested in its own DAG alone, and the models of the others take time to load.
wanted = get_parsing_context().dag_id
for dialect_name in dialect_names():
    if wanted in (None, f"rerun_{dialect_name}"):
        globals()[f"rerun_{dialect_name}"] = rerun_dag(name=dialect_name)
