"""Pauses, resumes or cancels a wave, whichever DAG it runs in; decides about records that Kraken's answers
do not prove; or stops every wave and rerun at once.
"""

from __future__ import annotations

from typing import Final

from airflow.sdk import DAG

from kraken_import.airflow.connections import connection_ids
from kraken_import.airflow.dags.batches import ORDER, tried_again
from kraken_import.airflow.dags.params import form_field
from kraken_import.airflow.operators.control import ControlWaveOperator
from transforms.registry import dialect_names

_PARAMS: Final = {
    "wave": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Wave",
        description="Id or name of the wave, as in migration.wave; stop_all needs none.",
    ),
    "action": form_field(
        "pause",
        type="string",
        enum=["pause", "resume", "cancel", "stop_all", "decide"],
        title="Action",
        description="pause: create nothing more until it is resumed. cancel: create nothing more, ever. "
        "stop_all: every wave and rerun creates nothing more until its run is cleared. "
        "decide: states whether Kraken has open or parked records of the wave.",
    ),
    "identifiers": form_field(
        None,
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Records",
        description="decide: exactly these external identifiers of the wave, one a line.",
    ),
    "selection": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Selection",
        description="decide: in place of them, the number of records that were chosen in the console.",
    ),
    "answer": form_field(
        None,
        type=["null", "string"],
        enum=[None, "there", "absent"],
        title="Answer",
        description="decide: there when Kraken has these records, absent when it does not.",
    ),
    "kraken": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Kraken",
        description="stop_all: only what goes to this Connection or address. Empty: everything.",
    ),
    "tracking": form_field(
        None,
        type=["null", "string"],
        minLength=1,
        title="Tracking database",
        description="Its Connection, where several databases track a wave of this id or name.",
    ),
    "reason": form_field(
        None,
        type=["null", "string"],
        maxLength=500,
        title="Reason",
        description="The reason, kept with the order; decide needs one.",
    ),
}


def control_dag() -> DAG:
    """Return the DAG by which people pause, resume, cancel, stop and decide."""
    with DAG(
        dag_id="control_wave",
        dag_display_name="Pause, resume or cancel a wave, or stop everything",
        description="Stops creates within seconds, or decides about parked records.",
        doc_md=__doc__,
        schedule=None,
        catchup=False,
        tags=["kraken", "migration"],
        params=_PARAMS,
        default_args={**tried_again(), "priority_weight": ORDER},
    ) as dag:
        ControlWaveOperator(
            task_id="control",
            tracking_ids=sorted({connection_ids(dialect=name).tracking for name in dialect_names()}),
        )
    return dag
