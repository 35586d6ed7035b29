"""One DAG for each dialect: plan, prepare every batch, open the gate, load every batch, summarise."""

from __future__ import annotations

from airflow.sdk import (
    DAG,
    CronTriggerTimetable,
    Param,
    TriggerRule,
    get_parsing_context,
)

from dags.shared import AWAIT_MINUTES, POLICY, SCHEDULE, TASKS, batch_groups
from kraken_import.connections import connection_ids
from kraken_import.operators import (
    GateOperator,
    PlanWaveOperator,
    ReportWaveOperator,
    SummariseWaveOperator,
)
from transforms.registry import delivered_dialect, dialect_description, dialect_names

# Airflow checks no format of a text by itself.
WITH_OFFSET = r"^\d{4}-(0[1-9]|1[0-2])-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"

PARAMS = {
    "wave": Param(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=100,
        title="Wave",
        description="What people call this wave. Empty: the run's own name.",
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Number of customers",
        description="Take the next so many that are in no wave or cohort yet.",
    ),
    "identifiers": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Customers",
        description="Take exactly these external identifiers, one a line, instead of a number.",
    ),
    "cohort": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Cohort",
        description="Take exactly this planned cohort, instead of a number or customers.",
    ),
    "all_customers": Param(
        False,
        type="boolean",
        title="All customers",
        description="Take every customer that is in no wave or cohort yet, instead of a number or a cohort.",
    ),
    "import_supplier": Param(
        None,
        type=["null", "string"],
        minLength=1,
        title="Import supplier",
        description="Kraken's code for the supplier they come from. Empty: the one in the Connection.",
    ),
    "dry_run": Param(
        True,
        type="boolean",
        title="Dry run",
        description="Rehearse: Kraken goes through the import without creating anything. Off: the wave is "
        "live. Nights take the mode of their cohorts, whatever stands here.",
    ),
    "batch_size": Param(
        1_000,
        type="integer",
        minimum=1,
        maximum=10_000,
        title="Batch size",
        description="Most customers in one batch. Larger waves get larger batches by themselves.",
    ),
    "await_minutes": AWAIT_MINUTES,
    **POLICY,
    "schedule_window_start": Param(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=WITH_OFFSET,
        section="Policy",
        title="Schedule window: start",
        description="When Kraken may begin to process what was created. Empty: at once.",
    ),
    "schedule_window_end": Param(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=WITH_OFFSET,
        section="Policy",
        title="Schedule window: end",
        description="Until when Kraken may process it, at most four days ahead. Empty: no end.",
    ),
}


def migration_dag(*, name: str) -> DAG:
    """The DAG that migrates the customers of a dialect."""
    dialect = delivered_dialect(name=name)
    shared = {"connections": connection_ids(dialect=name)}
    with DAG(
        dag_id=f"migrate_{name}",
        dag_display_name=f"Migrate {dialect.title}",
        description=f"A migration wave of {dialect.title}",
        doc_md=dialect_description(name=name),
        schedule=CronTriggerTimetable(SCHEDULE, timezone=dialect.zone) if SCHEDULE else None,
        catchup=False,
        max_active_runs=4,
        params=PARAMS,
        tags=["kraken", "migration", dialect.market],
        default_args=TASKS,
    ) as dag:
        plan = PlanWaveOperator(task_id="plan", dialect=name, **shared)
        gate = GateOperator(
            task_id="gate",
            trigger_rule=TriggerRule.ALL_DONE,
            **shared,
        )
        summarise = SummariseWaveOperator(task_id="summarise", trigger_rule=TriggerRule.ALL_DONE, **shared)
        # A teardown: whatever becomes of the report, the run keeps the colour that summarise gives it.
        report = ReportWaveOperator(task_id="report", **shared).as_teardown()
        prepare, load = batch_groups(dialect=name, label="batch {{ task.batch['batch'] }}", **shared)
        plan >> prepare.expand(batch=plan.output) >> gate
        gate >> load.expand(batch=gate.output) >> summarise >> report
    return dag


# A task is interested in its own DAG alone, and the models of the others take time to load.
wanted = get_parsing_context().dag_id
for dialect_name in dialect_names():
    if wanted in (None, f"migrate_{dialect_name}"):
        globals()[f"migrate_{dialect_name}"] = migration_dag(name=dialect_name)
