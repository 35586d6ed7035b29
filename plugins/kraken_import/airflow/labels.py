"""Shows in Airflow's grid what a batch waits for: Airflow's own states know no pause."""

from __future__ import annotations

import logging
from typing import Any, cast

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import SetRenderedMapIndex

_log = logging.getLogger(__name__)


def relabel(*, context: Context, standing: str) -> None:
    """Add what a batch waits for to its label, until its task goes on.

    Airflow renders a label when a task begins and when it ends, not when it defers. So it is sent here, by
    the message that Airflow uses itself. A label that cannot be sent is no reason to fail.
    """
    values = cast("dict[str, Any]", context)
    template, supervisor = values.get("map_index_template"), getattr(task_runner, "SUPERVISOR_COMMS", None)
    if template is None or supervisor is None:
        return
    label = values["task"].get_template_env().from_string(template).render({**values, "standing": standing})
    try:
        supervisor.send(msg=SetRenderedMapIndex(rendered_map_index=label))
    except (AirflowRuntimeError, OSError, EOFError) as error:
        _log.warning("The grid does not show what the batch waits for (%s).", type(error).__name__)
