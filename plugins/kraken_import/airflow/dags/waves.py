"""The DAG that migrates the customers of a dialect, wave by wave."""

from __future__ import annotations

from typing import Final

from airflow.sdk import DAG, CronTriggerTimetable

from kraken_import.airflow.dags.batches import Outline, dialect_dag, schedule
from kraken_import.airflow.dags.params import AWAIT_MINUTES, IMPORT_SUPPLIER, POLICY, form_field
from kraken_import.airflow.operators.wave import (
    GateOperator,
    PlanWaveOperator,
    ReportWaveOperator,
    SummariseWaveOperator,
)
from transforms.registry import delivered_dialect, dialect_description

# Airflow does not check the format of a text by itself.
_WITH_OFFSET: Final = r"^\d{4}-(0[1-9]|1[0-2])-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"

_PARAMS: Final = {
    "wave": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=100,
        title="Wave",
        description="What people call this wave. Empty: its cohort's name, else the run's.",
    ),
    "limit": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Number of customers",
        description="Take the next so many that are in no wave or cohort yet.",
    ),
    "identifiers": form_field(
        None,
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Customers",
        description="Take exactly these external identifiers, one a line, instead of a number.",
    ),
    "selection": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Selection",
        description="Take exactly the customers of records that were chosen in the console, by its number.",
    ),
    "cohort": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Cohort",
        description="Take exactly this planned cohort, instead of a number or customers.",
    ),
    "all_customers": form_field(
        False,
        type="boolean",
        title="All customers",
        description="Take every customer that is in no wave or cohort yet, instead of a number or a cohort.",
    ),
    "import_supplier": IMPORT_SUPPLIER,
    "dry_run": form_field(
        True,
        type="boolean",
        title="Dry run",
        description="Rehearse: Kraken goes through the import without creating anything. Off: the wave is "
        "live. Nights take the mode of their cohorts, whatever is set here.",
    ),
    "batch_size": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=10_000,
        title="Batch size",
        description="Most customers in one batch. Empty: chosen by the size of the wave, 1,000 to 25,000.",
    ),
    "await_minutes": AWAIT_MINUTES,
    **POLICY,
    "schedule_window_start": form_field(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=_WITH_OFFSET,
        section="Policy",
        title="Schedule window: start",
        description="When Kraken may begin to process what was created. Empty: at once.",
    ),
    "schedule_window_end": form_field(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=_WITH_OFFSET,
        section="Policy",
        title="Schedule window: end",
        description="Until when Kraken may process it, at most four days ahead. Empty: no end.",
    ),
}


def wave_dag(*, name: str) -> DAG:
    """Return the DAG that migrates the customers of a dialect."""
    dialect = delivered_dialect(name=name)
    return dialect_dag(
        name=name,
        outline=Outline(
            prefix="migrate",
            what="A wave",
            title=f"Migrate {dialect.title}",
            description=f"A migration wave of {dialect.title}",
            doc_md=dialect_description(name=name),
            plan=PlanWaveOperator,
            gate=GateOperator,
            summarise=SummariseWaveOperator,
            report=ReportWaveOperator,
            params=_PARAMS,
            schedule=CronTriggerTimetable(cron, timezone=dialect.zone) if (cron := schedule()) else None,
        ),
    )
