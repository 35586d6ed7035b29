"""Pauses, resumes or cancels a wave, whatever DAG it runs in; or stops every wave and rerun at once."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from dags.shared import ORDER, TRIED_AGAIN
from kraken_import.connections import connection_ids
from kraken_import.operators import ControlWaveOperator
from transforms.registry import dialect_names

with DAG(
    dag_id="control_wave",
    dag_display_name="Pause, resume or cancel a wave, or stop everything",
    description="No further create is sent within seconds; what Kraken has is polled to its end.",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["kraken", "migration"],
    params={
        "wave": Param(
            None,
            type=["null", "string"],
            minLength=1,
            title="Wave",
            description="Id or name of the wave, as in migration.wave; stop_all needs none.",
        ),
        "action": Param(
            "pause",
            type="string",
            enum=["pause", "resume", "cancel", "stop_all"],
            title="Action",
            description="pause: create nothing more until it is resumed. cancel: never again. "
            "stop_all: every wave and rerun creates nothing more until its run is cleared.",
        ),
        "kraken": Param(
            None,
            type=["null", "string"],
            minLength=1,
            title="Kraken",
            description="stop_all: only what goes to this Connection or address. Empty: everything.",
        ),
        "reason": Param(
            None,
            type=["null", "string"],
            maxLength=500,
            title="Reason",
            description="Why, for whoever looks at migration.wave_control later.",
        ),
    },
    default_args={**TRIED_AGAIN, "priority_weight": ORDER},
) as dag:
    ControlWaveOperator(
        task_id="control",
        tracking_ids=sorted({connection_ids(dialect=name).tracking for name in dialect_names()}),
    )
