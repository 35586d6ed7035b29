"""The DAG that takes chosen records of a dialect, from any waves, and only those, to their end."""

from __future__ import annotations

from typing import Final

from airflow.sdk import DAG

from kraken_import.airflow.dags.batches import Outline, dialect_dag
from kraken_import.airflow.dags.params import AWAIT_MINUTES, form_field
from kraken_import.airflow.operators.rerun import (
    PlanRerunOperator,
    RerunGateOperator,
    SummariseRerunOperator,
)
from kraken_import.usecases.rerun import RERUNNABLE
from transforms.registry import delivered_dialect

_DOC: Final = (
    "Every criterion that is given must hold. What is in Kraken is never created again; what Kraken "
    "ended as errored or cancelled is opened again as a new attempt; what is open is only polled."
)

_PARAMS: Final = {
    "wave": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=100,
        title="Wave",
        description="Id or name. Empty: live records of all waves.",
    ),
    "batch": form_field(
        None,
        type=["null", "integer"],
        minimum=0,
        title="Batch",
        description="Number of a batch of that wave.",
    ),
    "states": form_field(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": [state.value for state in RERUNNABLE]},
        examples=[state.value for state in RERUNNABLE],
        title="States",
        description="Records that stand in one of these.",
    ),
    "error_code": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Error code",
        description="Records whose last attempt has an error with this code.",
    ),
    "error_path": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Path",
        description="Records whose last attempt has an error at this path, without indexes.",
    ),
    "identifiers": form_field(
        None,
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Customers",
        description="Exactly these external identifiers, one a line.",
    ),
    "selection": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Selection",
        description="Number of records that were chosen in the console or by a command.",
    ),
    "not_processed": form_field(
        False,
        type="boolean",
        title="Everything not processed",
        description="Without any other choice: all live records that are not in Kraken.",
    ),
    "requests_in_flight": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        title="Requests in flight",
        description="Of this rerun alone, for each batch. Empty: as the Connection says.",
    ),
    "threshold": form_field(
        1,
        type="number",
        minimum=0,
        maximum=1,
        title="Failure threshold",
        description="Share of this rerun's records that may still fail (0 to 1) before its run is red. "
        "1: it is green once all have ended; the log of summarise says what is mended and what is left.",
    ),
    "await_minutes": AWAIT_MINUTES,
}


def rerun_dag(*, name: str) -> DAG:
    """Return the DAG that reruns records of a dialect, over that dialect's Connections."""
    title = delivered_dialect(name=name).title
    return dialect_dag(
        name=name,
        outline=Outline(
            prefix="rerun",
            what="A rerun",
            title=f"Rerun {title}",
            description=f"Chosen records of {title} once more, from any wave",
            doc_md=_DOC,
            plan=PlanRerunOperator,
            gate=RerunGateOperator,
            summarise=SummariseRerunOperator,
            params=_PARAMS,
            tags=("rerun",),
        ),
    )
