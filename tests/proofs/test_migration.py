"""A whole migration as operations play it: plan, rehearse, mend, approve, stop, go on, rerun, reconcile."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.stacks import DAG, Stack

pytestmark = pytest.mark.timeout(400)

CUSTOMERS = 2_000


@pytest.fixture(autouse=True)
def _customers(stack: Stack) -> None:
    url = stack.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
    engine = create_engine(url, poolclass=NullPool)
    # Some are left out of every cohort: an erroneous transfer, a place in collections.
    load.generate(engine=engine, dialect="edf_accounts", first=1_001, last=CUSTOMERS + 200, seed=7)


def plan(stack: Stack, *, cohort: str, mode: str, **policy: Any) -> None:
    conf = {"dialect": "edf_accounts", "cohort": cohort, "mode": mode, "size": CUSTOMERS, "preview": False}
    conf |= policy
    assert stack.finish(stack.trigger("plan_cohort", **conf), "plan_cohort") == "success"


def approve(stack: Stack, run_id: str, dag: str = DAG) -> str:
    """Answer the question at the gate. Returns what it said."""
    gate = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances/gate"
    stack.until(lambda: stack.api("GET", gate).json()["state"] == "deferred")
    question = str(stack.api("GET", f"{gate}/-1/hitlDetails").json()["body"])
    # Airflow takes a task that is resumed before its first worker has gone for one that has died.
    time.sleep(4)
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    assert stack.api("PATCH", f"{gate}/-1/hitlDetails", answer).ok
    return question


def states(stack: Stack, run_id: str) -> dict[str, int]:
    query = (
        "SELECT state, records FROM migration.wave_progress "
        f"WHERE wave_id = (SELECT id FROM migration.wave WHERE run_id = '{run_id}')"
    )
    return {row.state: int(row.records) for row in stack.rows("TRACKING_DSN", query)}


def fault(stack: Stack, **settings: Any) -> None:
    url = f"{stack.values['KRAKEN_URL']}/simulator/faults"
    if settings:
        assert requests.post(url, json=settings, timeout=30).status_code == 201
    else:
        requests.delete(url, timeout=30).raise_for_status()


def test_two_thousand_customers_are_migrated_as_operations_would(stack: Stack) -> None:
    # Plan and rehearse: nothing is created.
    plan(stack, cohort="rehearsal", mode="rehearsal")
    rehearsal = stack.trigger(DAG, cohort="rehearsal", dry_run=True)
    assert stack.finish(rehearsal) == "success"
    rehearsed = states(stack, rehearsal)
    assert sum(rehearsed.values()) == CUSTOMERS
    assert rehearsed["dry_run_succeeded"] > 0.95 * CUSTOMERS

    # Mend at the source what the rehearsal has shown.
    stack.change(
        "UPDATE legacy.party_contact SET value = 'mended' || contact_id || '@mail.example.com' "
        "WHERE value LIKE 'test@%'"
    )
    stack.change("UPDATE legacy.party_contact SET value = '02071234567' WHERE value LIKE '020 ring%'")

    # Go live, with a person at the gate. Kraken then begins to refuse, and the wave stops by itself.
    plan(stack, cohort="night", mode="live", threshold=0.5)
    fault(stack, kind="failed_validation", operation="create", probability=0.9, seed=1)
    live = stack.trigger(DAG, cohort="night", dry_run=False, approval="required", error_share=0.3)
    question = approve(stack, live)
    assert f"{CUSTOMERS:,} customers" in question
    assert "GBP" in question
    assert stack.finish(live) == "failed"
    ((code, reason),) = stack.rows(
        "TRACKING_DSN", f"SELECT stop_code, stop_reason FROM migration.wave WHERE run_id = '{live}'"
    )
    assert code == "error_budget"
    assert "creates (at least" in reason
    assert "clear the run in Airflow to go on with what is undone" in reason
    stopped = states(stack, live)
    assert stopped["invalid"] < CUSTOMERS / 2
    assert stopped["valid"] > CUSTOMERS / 4

    # Clearing the run goes on with what is undone, after another approval, and leaves what was refused.
    fault(stack)
    body = {"dry_run": False, "only_failed": False}
    assert stack.api("POST", f"/dags/{DAG}/dagRuns/{quote(live)}/clear", body).ok
    approve(stack, live)
    assert stack.finish(live) == "success"
    ended = states(stack, live)
    assert set(ended) <= {"processed", "rejected", "invalid", "errored"}
    assert ended["invalid"] >= stopped["invalid"]
    assert ended["rejected"] < rehearsed["rejected"]

    # Rerun exactly what failed at Kraken for a reason that is gone, once more with a mended source.
    stack.change("UPDATE legacy.supply_point SET supplier_mpid = 'TENT' WHERE supplier_mpid = 'GONE'")
    wave = stack.rows("TRACKING_DSN", f"SELECT id FROM migration.wave WHERE run_id = '{live}'")[0].id
    rerun = stack.trigger("rerun_edf_accounts", wave=str(wave), states=["invalid"])
    # Its wave wanted an approval, so the rerun wants one of its own.
    assert f"**{ended['invalid']:,} records**" in approve(stack, rerun, "rerun_edf_accounts")
    assert stack.finish(rerun, "rerun_edf_accounts") == "success"
    assert "invalid" not in states(stack, live)

    # Nothing was lost, doubled or left open, and both sides agree to the cent.
    assert set(stack.created().values()) == {1}
    claimed = stack.rows(
        "TRACKING_DSN", f"SELECT external_identifier FROM migration.import_process WHERE wave_id = {wave}"
    )
    created = stack.created().keys() & {row.external_identifier for row in claimed}
    final = states(stack, live)
    assert sum(final.values()) == CUSTOMERS
    assert len(created) == final["processed"] + final.get("errored", 0)
    reconciled = stack.trigger("reconcile", wave=wave)
    assert stack.finish(reconciled, "reconcile") == "success"
    assert stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.reconciliation")[0].count >= 1
    assert stack.rows("TRACKING_DSN", "SELECT * FROM migration.reconciliation_difference") == []
