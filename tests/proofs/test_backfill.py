"""Cohorts through a real Airflow: planned by its form, taken by a backfill, and only failures done again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import PolicySettings
from kraken_import.usecases.cohorts import CohortRequest, write_cohort
from kraken_import.usecases.systems import PlanSystems
from tests.stacks import ENDS, Stack
from transforms.registry import get_dialect

pytestmark = pytest.mark.timeout(400)

DIALECT = "plenitude_accounts"
DAG = f"migrate_{DIALECT}"
TODAY = datetime.now(ZoneInfo(get_dialect(name=DIALECT).zone)).date()
QUIET, FIRST, SECOND, THIRD = (TODAY - timedelta(days=days) for days in (4, 3, 2, 1))
# The generator breaks every 25th customer, so that only the second night has a broken one.
SIZES = {FIRST: 24, SECOND: 5, THIRD: 20}
BROKEN = 25


def backfill(stack: Stack, *, reprocess: str, **conf: Any) -> dict[str, dict[str, Any]]:
    """Backfill the four nights. Returns the runs by day, once all have ended."""
    asked = stack.api(
        "POST",
        "/backfills",
        {
            "dag_id": DAG,
            "from_date": datetime.combine(QUIET, time(), UTC).isoformat(),
            "to_date": datetime.combine(TODAY, time(), UTC).isoformat(),
            "reprocess_behavior": reprocess,
            "dag_run_conf": conf or None,
        },
    )
    assert asked.ok, asked.text
    stack.until(lambda: stack.api("GET", f"/backfills/{asked.json()['id']}").json()["completed_at"])
    runs = stack.api("GET", f"/dags/{DAG}/dagRuns?run_type=backfill").json()["dag_runs"]
    assert {each["state"] for each in runs} <= set(ENDS)
    return {each["logical_date"][:10]: each for each in runs}


def plan_by_form(stack: Stack, **conf: Any) -> dict[str, Any]:
    """What task preview has returned."""
    body = {"logical_date": None, "conf": {"dialect": DIALECT, **conf}}
    started = stack.api("POST", "/dags/plan_cohort/dagRuns", body)
    assert started.ok, started.text
    path = f"/dags/plan_cohort/dagRuns/{quote(started.json()['dag_run_id'])}"
    assert (
        stack.until(lambda: (state := stack.api("GET", path).json()["state"]) in ENDS and state) == "success"
    )
    value = stack.api("GET", f"{path}/taskInstances/preview/xcomEntries/return_value").json()["value"]
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def plan_long_ago(stack: Stack, *, day: date, size: int) -> None:
    """Plan a night that is over, as if it had been planned before it came."""
    engines = {
        name: create_engine(stack.values[f"{name.upper()}_DSN"].replace("://", "+psycopg2://", 1))
        for name in ("tracking", "legacy")
    }
    kraken = KrakenSettings(
        base_url=stack.values["KRAKEN_URL"],
        token="none",
        import_suppliers={DIALECT: get_dialect(name=DIALECT).default_import_supplier},
    )
    write_cohort(
        systems=PlanSystems(**engines, kraken=kraken),
        request=CohortRequest(
            dialect=DIALECT,
            rule="all",
            name=f"night {day}",
            size=size,
            wave_date=day,
            policy=PolicySettings(mode=Mode.LIVE, threshold=Decimal(0)),
        ),
        now=datetime.combine(QUIET, time(), UTC),
    )
    for engine in engines.values():
        engine.dispose()


def is_between_nights(stack: Stack) -> bool:
    """Whether tonight's own run is over, which Airflow begins at once where its hour has just passed."""
    planned = stack.api("GET", f"/dags/{DAG}/details").json()["next_dagrun_run_after"]
    runs = stack.api("GET", f"/dags/{DAG}/dagRuns?run_type=scheduled").json()["dag_runs"]
    is_to_come = planned is not None and datetime.fromisoformat(planned) > datetime.now(UTC)
    return is_to_come and {each["state"] for each in runs} <= set(ENDS)


def test_a_backfill_takes_each_nights_cohort_and_later_redoes_failures_alone(stack: Stack) -> None:
    mine = f"WHERE dialect = '{DIALECT}'"
    stack.until(lambda: is_between_nights(stack))
    for day, size in SIZES.items():
        plan_long_ago(stack, day=day, size=size)
    previewed = plan_by_form(stack, cohort="rest", size=10, mode="live", approval="required")
    assert previewed["already_planned"] == 49
    assert (previewed["policy"]["mode"], previewed["policy"]["approval"]) == ("live", "required")
    assert stack.rows("TRACKING_DSN", f"SELECT count(*) FROM migration.cohort {mine}") == [(3,)]
    assert plan_by_form(stack, cohort="rest", size=10, preview=False)["planned"] == 10
    ((mode, planned_by, policy),) = stack.rows(
        "TRACKING_DSN", "SELECT mode, planned_by, policy FROM migration.cohort WHERE name = 'rest'"
    )
    assert (mode, planned_by) == ("rehearsal", stack.values["AIRFLOW_USER"])
    assert (policy["approval"], policy["threshold"]) == ("unattended", 0.1)

    before = backfill(stack, reprocess="none")
    assert {day: each["state"] for day, each in before.items()} == {
        str(QUIET): "success",
        str(FIRST): "success",
        str(SECOND): "failed",
        str(THIRD): "success",
    }
    claimed = f"SELECT run_id, claimed FROM migration.wave {mine} ORDER BY id"
    waves = stack.rows("TRACKING_DSN", claimed)
    assert dict(waves) == {before[str(day)]["dag_run_id"]: size for day, size in SIZES.items()}
    quiet = quote(before[str(QUIET)]["dag_run_id"])
    tasks = stack.api("GET", f"/dags/{DAG}/dagRuns/{quiet}/taskInstances").json()["task_instances"]
    assert {task["task_id"]: task["state"] for task in tasks} == {
        "plan": "success",
        "prepare.build": "skipped",
        "prepare.validate": "skipped",
        "gate": "skipped",
        "load.create": "skipped",
        "load.await": "skipped",
        "summarise": "success",
        "report": "skipped",
    }
    said = [path.read_text() for path in (stack.folder / ".run").rglob("*summarise*/*.log")]
    assert any(f"Nothing was planned for {QUIET}: no cohort of {DIALECT} is due." in log for log in said)

    mended = (
        "UPDATE legacy.supply_point SET identifier = generator.cpe(substr(identifier, 3, 16)) "
        f"WHERE premise_id = 3000000000000 + {BROKEN} AND fuel = 'E'"
    )
    stack.change(mended)

    after = backfill(stack, reprocess="failed")
    assert {each["state"] for each in after.values()} == {"success"}
    done_again = [day for day, each in after.items() if each["end_date"] != before[day]["end_date"]]
    assert done_again == [str(SECOND)]
    assert stack.rows("TRACKING_DSN", claimed) == waves
    attempts = stack.rows(
        "TRACKING_DSN",
        f"SELECT external_identifier, state, attempt FROM migration.import_process {mine} ORDER BY 1",
    )
    # At a threshold of nothing the gate of that night let no create pass, so all five were built once more.
    night = range(BROKEN, BROKEN + SIZES[SECOND])
    assert [tuple(row) for row in attempts] == [
        (f"PT-{n:09}", "processed", 2 if n in night else 1) for n in range(1, 50)
    ]
    created = {key: times for key, times in stack.created().items() if key.startswith("PT-")}
    assert created == {f"PT-{n:09}": 1 for n in range(1, 50)}
