"""What waits in a real Airflow keeps no place that others need, and is tried again."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import batch_lock
from tests.checkouts import run
from tests.stacks import DAG, Stack

pytestmark = pytest.mark.timeout(400)

DIALECT = "plenitude_accounts"
WAVES = f"migrate_{DIALECT}"
"""A dialect whose customers no other proof counts."""


def test_a_paused_wave_keeps_no_place_and_goes_on_though_a_batch_is_busy(stack: Stack) -> None:
    settings = {"dry_run": False, "batch_size": 2, "threshold": 1}
    run_id = stack.trigger(WAVES, limit=10, wave="asked", approval="required", **settings)
    gate = f"/dags/{WAVES}/dagRuns/{run_id}/taskInstances/gate"
    stack.until(lambda: stack.api("GET", gate).json()["state"] == "deferred")
    run(checkout=stack.folder, command="wave-pause", WAVE="asked")
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    stack.until(lambda: stack.api("PATCH", f"{gate}/-1/hitlDetails", answer).ok)
    _a_paused_wave_keeps_no_place_that_another_needs(stack, run_id)
    _a_busy_batch_is_waited_for(stack, run_id)
    assert stack.finish(run_id, WAVES) == "success"
    assert set(stack.created().values()) == {1}


def _states(stack: Stack, run_id: str) -> list[str]:
    """The states of the create tasks of a run."""
    path = f"/dags/{WAVES}/dagRuns/{run_id}/taskInstances?limit=100"
    found = stack.api("GET", path).json()["task_instances"]
    return sorted(str(each["state"]) for each in found if each["task_id"] == "load.create")


def _a_paused_wave_keeps_no_place_that_another_needs(stack: Stack, run_id: str) -> None:
    """More batches wait than there are places, and another wave of the dialect goes on."""
    stack.until(lambda: _states(stack, run_id) == ["deferred"] * 5)
    path = f"/dags/{WAVES}/dagRuns/{run_id}/taskInstances?task_id=load.create"
    labels = [each["rendered_map_index"] for each in stack.api("GET", path).json()["task_instances"]]
    assert all(label.endswith(": paused by a person") for label in labels), labels
    pool = stack.api("GET", f"/pools/migration_{DIALECT}").json()
    assert (pool["slots"], pool["deferred_slots"], pool["open_slots"]) == (4, 5, 4)
    other = stack.trigger(WAVES, limit=4, batch_size=2, threshold=1, dry_run=False)
    assert stack.finish(other, WAVES) == "success"
    assert _states(stack, run_id) == ["deferred"] * 5


def _a_busy_batch_is_waited_for(stack: Stack, run_id: str) -> None:
    """The wave is resumed while another worker seems to hold one of its batches."""
    ((wave_id,),) = stack.rows("TRACKING_DSN", f"SELECT id FROM migration.wave WHERE run_id = '{run_id}'")
    engine = create_engine(stack.values["TRACKING_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1))
    with batch_lock(engine=engine, ref=BatchRef(wave_id=wave_id, batch=0)):
        run(checkout=stack.folder, command="wave-resume", WAVE="asked")
        waiting = "SELECT retry_reason FROM task_instance WHERE state = 'up_for_retry' AND run_id = "
        ((said,),) = stack.until(lambda: stack.rows("AIRFLOW_DSN", f"{waiting} '{run_id}'"))
        assert said.startswith("Retryable passes by itself: tried again at ")
        assert said.endswith(" UTC.")
        stack.until(lambda: _states(stack, run_id) == ["success"] * 4 + ["up_for_retry"])
    engine.dispose()


def test_a_second_airflow_is_refused_until_it_takes_over(
    stack: Stack,
) -> None:
    before = stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.wave")
    assert _said_by_plan(stack) == "has no edf_accounts customer NOBODY"
    # Its first task has named this Airflow.
    ((holder, name),) = stack.rows("TRACKING_DSN", "SELECT id, name FROM migration.installation")
    assert stack.api("GET", "/variables/migration_installation").json()["value"] == holder
    assert name.startswith(f"{stack.values['AIRFLOW_URL']} on ")
    # An Airflow that has lost its Variable is another one.
    assert stack.api("DELETE", "/variables/migration_installation").ok
    assert _said_by_plan(stack) == "uses this tracking database"
    assert "no longer holds the tracking database" in run(checkout=stack.folder, command="take-over")
    assert _said_by_plan(stack) == "has no edf_accounts customer NOBODY"
    ((other,),) = stack.rows("TRACKING_DSN", "SELECT id FROM migration.installation")
    assert stack.api("GET", "/variables/migration_installation").json()["value"] == other != holder
    assert stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.wave") == before


def _said_by_plan(stack: Stack) -> str:
    """Why a wave of a customer that does not exist was not planned."""
    run_id = stack.start(identifiers=["NOBODY"]).json()["dag_run_id"]
    assert stack.finish(run_id) == "failed"
    folder = stack.folder / ".run" / "airflow" / "logs" / f"dag_id={DAG}" / f"run_id={run_id}"
    said = "".join(path.read_text() for path in folder.rglob("*plan*/*.log"))
    (sentence,) = (
        each
        for each in ("has no edf_accounts customer NOBODY", "uses this tracking database")
        if each in said
    )
    return sentence
