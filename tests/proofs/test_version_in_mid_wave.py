"""The tracking schema becomes another one under a wave of a whole stack, whose code stays behind."""

from __future__ import annotations

import pytest
import requests
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.stacks import DAG, Stack

pytestmark = pytest.mark.timeout(400)

FIRST, LAST = 5_901, 5_910
"""Customers of EDF whom no other proof takes."""
NEWER = "9999"


def _be_at(stack: Stack, version: str) -> str:
    """Have the tracking database say that it has another schema. Returns which it had."""
    ((before,),) = stack.rows("TRACKING_DSN", "SELECT version_num FROM migration.schema_version")
    url = stack.values["TRACKING_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql(f"UPDATE migration.schema_version SET version_num = '{version}'")
    return str(before)


def _said(stack: Stack, run_id: str, task: str) -> str:
    folder = stack.folder / ".run" / "airflow" / "logs" / f"dag_id={DAG}" / f"run_id={run_id}"
    return "".join(path.read_text() for path in folder.rglob(f"task_id={task}/**/*.log"))


def test_what_runs_with_another_version_stops_in_a_sentence_and_the_wave_goes_on_after(stack: Stack) -> None:
    url = stack.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
    legacy = create_engine(url, poolclass=NullPool)
    load.generate(engine=legacy, dialect="edf_accounts", first=FIRST, last=LAST, seed=7)
    faults = f"{stack.values['KRAKEN_URL']}/simulator/faults"
    requests.post(faults, json={"kind": "never_ends"}, timeout=30).raise_for_status()
    customers = [f"GB-{number:09}" for number in range(FIRST, LAST + 1)]
    run_id = stack.start(identifiers=customers, threshold=1).json()["dag_run_id"]
    awaits = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/load.await/0"
    stack.until(lambda: stack.api("GET", awaits).json().get("state") == "deferred")

    before = _be_at(stack, NEWER)
    late = stack.start(identifiers=customers[:1], dry_run=True).json()["dag_run_id"]
    assert {stack.finish(run_id), stack.finish(late)} == {"failed"}
    told = f"has schema {NEWER}, and this package was made for {before}: install the newer package on this"
    assert told in _said(stack, run_id, "load.await")
    assert told in _said(stack, late, "plan")
    open_ones = stack.rows(
        "TRACKING_DSN",
        "SELECT count(*) FROM migration.import_process JOIN migration.wave ON wave.id = wave_id "
        f"WHERE run_id = '{run_id}' AND state IN ('created', 'pending', 'in_progress')",
    )
    assert open_ones[0][0] > 0

    _be_at(stack, before)
    requests.delete(faults, timeout=30).raise_for_status()
    cleared = stack.api("POST", f"/dags/{DAG}/dagRuns/{run_id}/clear", {"dry_run": False})
    assert cleared.ok, cleared.text
    assert stack.finish(run_id) == "success"
    created = {key: times for key, times in stack.created().items() if key in customers}
    assert set(created.values()) == {1}
    states = stack.rows(
        "TRACKING_DSN",
        "SELECT state, external_identifier FROM migration.import_process JOIN migration.wave "
        f"ON wave.id = wave_id WHERE run_id = '{run_id}'",
    )
    assert len(states) == len(customers)
    assert {row.external_identifier for row in states if row.state == "processed"} == created.keys()
