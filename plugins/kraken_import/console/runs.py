"""The runs of Airflow behind waves: their pages, their paths in its API, and the question of a gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from kraken_import.console.asking import Asked
from kraken_import.tracking import waves
from kraken_import.tracking.waves import PlannedRun
from kraken_import.usecases.faults import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the gate of a wave asks, as Airflow keeps it: without personal values, in Markdown."""

    subject: str
    body: str
    asked_at: datetime | None


def run_of(*, asked: Asked, wave_id: int) -> PlannedRun:
    """Return the run of a wave that the user may read."""
    with asked.read() as connection:
        return waves.run_of(connection=connection, wave_id=wave_id)


def page_of(*, asked: Asked, run: PlannedRun) -> str:
    """Return the page of a run in Airflow."""
    return f"{asked.surroundings.home()}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}"


def report_of(*, asked: Asked, run: PlannedRun) -> str:
    """Return the page with the report of a run's wave, as it stands now."""
    named = quote(run.run_id, safe="")
    return f"{asked.surroundings.home()}/migration-reports/{run.dag_id}/runs/{named}"


def path_of(*, run: PlannedRun) -> str:
    """Return the path of a run in Airflow's API."""
    return f"/api/v2/dags/{run.dag_id}/dagRuns/{quote(run.run_id, safe='')}"


def question_path(*, run: PlannedRun) -> str:
    """Return the path of the question of a run's gate."""
    return f"{path_of(run=run)}/taskInstances/gate/-1/hitlDetails"


def open_question(*, asked: Asked, run: PlannedRun) -> Question | None:
    """Return the question that waits for an answer; None where there is none that this user may read."""
    answer = asked.airflow(method="GET", path=question_path(run=run))
    if not answer.is_good or answer.document.get("response_received"):
        return None
    asked_at = answer.document.get("created_at")
    return Question(
        subject=str(answer.document["subject"]),
        body=str(answer.document.get("body") or ""),
        asked_at=None if asked_at is None else datetime.fromisoformat(asked_at),
    )


def refused(*, status: int, what: str) -> BadRequest:
    """Return why Airflow did not do something, in a sentence."""
    if status == 403:
        return BadRequest(f"Airflow does not allow you to {what}: nothing was done.")
    if status == 404:
        return BadRequest(f"Airflow has no such run any more, so there is nothing to {what}.")
    if status == 409:
        return BadRequest(
            f"Airflow could not {what}: it was done before, or its state has changed meanwhile."
        )
    return BadRequest(
        f"Airflow could not {what} ({status}): nothing was done; try again, or do it in Airflow."
    )
