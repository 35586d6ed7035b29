"""Runs of Airflow that an order begins: each by an id that is made of the order's own, so it begins once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from kraken_import.console.asking import Asked
from kraken_import.console.runs import refused
from kraken_import.domain.orders import OF_AN_ORDER
from kraken_import.usecases.faults import BadRequest


def run_of(*, action_id: UUID) -> str:
    """Return the id of the run that carries out an order."""
    return f"{OF_AN_ORDER}{action_id}"


def check_dag(*, asked: Asked, dag_id: str) -> None:
    """Raise `BadRequest` for a DAG whose runs would not begin."""
    answer = asked.airflow(method="GET", path=f"/api/v2/dags/{dag_id}")
    if answer.status == 404:
        raise BadRequest(f"Airflow has no DAG {dag_id}: look at its import errors, and at the dialect.")
    if answer.is_good and answer.document and answer.document.get("is_paused"):
        raise BadRequest(
            f"DAG {dag_id} is paused in Airflow, so no run of it begins: unpause it there first."
        )


def trigger(*, asked: Asked, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
    """Begin a run, as the user. Raises `BadRequest` where Airflow refuses it."""
    answer = asked.airflow(
        method="POST",
        path=f"/api/v2/dags/{dag_id}/dagRuns",
        body={"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)},
    )
    # A run of this id is this order's own.
    if not answer.is_good and answer.status != 409:
        raise BadRequest(
            f"Airflow refused to begin a run of {dag_id} ({answer.status}): see whether you may trigger it "
            "there, and what it says."
        )


def unready(*, asked: Asked, dag_id: str) -> str:
    """Return why Airflow would start no run of a DAG now; blank where it would."""
    dag = asked.airflow(method="GET", path=f"/api/v2/dags/{dag_id}")
    if not dag.is_good:
        return str(refused(status=dag.status, what=f"start {dag_id}"))
    if dag.document.get("is_paused"):
        return f"Airflow starts no run of {dag_id} while that DAG is paused: switch it on there first."
    return ""


def start_run(*, asked: Asked, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
    """Begin a run whose id was made with its form. Raises `BadRequest` where Airflow does not."""
    body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
    answer = asked.airflow(method="POST", path=f"/api/v2/dags/{dag_id}/dagRuns", body=body)
    if not answer.is_good:
        raise refused(status=answer.status, what="start the run")


def state_of_run(*, asked: Asked, dag_id: str, run_id: str) -> str:
    """Return how Airflow says that a run stands; "unknown" where the user may not know, blank without one."""
    answer = asked.airflow(method="GET", path=f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")
    if answer.status == 404:
        return ""
    return str((answer.document or {}).get("state") or "unknown") if answer.is_good else "unknown"
