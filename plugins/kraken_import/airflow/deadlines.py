"""Tells people of runs that last longer than they should, by Airflow's own deadlines.

Airflow's scheduler notices, and its triggerer calls `run_is_late`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, cast

from airflow.sdk import Context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from kraken_import.airflow import environment
from kraken_import.airflow.links import page_of
from kraken_import.airflow.notifications import tell
from kraken_import.usecases.announce import late_run

_log = logging.getLogger(__name__)
_UNDER_WAY: Final = ("queued", "running")


def deadline(*, dialect: str, what: str) -> list[DeadlineAlert] | None:
    """Return the deadline of a DAG's runs, counted from when they are queued; None where none is set."""
    minutes = environment.deadline_minutes()
    if minutes is None:
        return None
    return [
        DeadlineAlert(
            name=f"{what} within {minutes:,} minutes",
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(minutes=minutes),
            callback=AsyncCallback(
                run_is_late, kwargs={"dialect": dialect, "what": what, "minutes": minutes}
            ),
        )
    ]


async def run_is_late(*, dialect: str, what: str, minutes: int, context: Mapping[str, Any]) -> None:
    """Tell people that a run is under way after its deadline. What has ended has told them itself."""
    try:
        run = context["dag_run"]
        if run["state"] in _UNDER_WAY:
            link = page_of(dag_id=run["dag_id"], run_id=run["dag_run_id"])
            await asyncio.to_thread(
                tell,
                # Not all that Airflow gives: what was typed into the run's form is in it.
                context=cast(Context, {}),
                announcement=lambda: late_run(what=what, dialect=dialect, minutes=minutes),
                link=link,
            )
    except Exception as error:
        # Airflow would log the run's form beside an error.
        _log.warning("People were not told of a late run (%s).", type(error).__name__)
