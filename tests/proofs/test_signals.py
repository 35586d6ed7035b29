"""What a real Airflow gives to others about waves: metrics, asset events, and messages about late runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.collector import Collector, collecting
from tests.stacks import DAG, TOLD, Stack, running_stack

pytestmark = pytest.mark.timeout(600)

FIRST, LAST = 5_801, 5_880
AFTER = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from kraken_import.airflow.assets import migrated

with DAG("after_the_wave", schedule=migrated(dialect="edf_accounts"), is_paused_upon_creation=False):
    EmptyOperator(task_id="go_on")
"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def measured(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that sends metrics, has a DAG that waits for waves, and finds a run late after a minute."""
    files = {".run/airflow/airflow.cfg": "[metrics]\notel_on = True\n", "dags/after.py": AFTER}
    with running_stack(
        folder=tmp_path_factory.mktemp("signals"),
        dags=(DAG, "watch", "after_the_wave"),
        files=files,
        MIGRATION_DEADLINE_MINUTES="1",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=collector.address,
        OTEL_METRIC_EXPORT_INTERVAL="1000",
    ) as started:
        url = started.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = create_engine(url, poolclass=NullPool)
        load.generate(engine=engine, dialect="edf_accounts", first=FIRST, last=LAST, seed=7)
        yield started


def customers(first: int, last: int) -> list[str]:
    return [f"GB-{number:09}" for number in range(first, last + 1)]


def events(stack: Stack) -> list[dict[str, Any]]:
    return list(stack.api("GET", "/assets/events?limit=50").json()["asset_events"])


def test_a_live_wave_that_ends_well_updates_its_asset_and_others_do_not(
    measured: Stack, collector: Collector
) -> None:
    late = measured.start(identifiers=customers(5_861, 5_870), approval="required").json()["dag_run_id"]
    failed = measured.start(identifiers=customers(5_821, 5_840), threshold=0).json()["dag_run_id"]
    rehearsal = measured.start(identifiers=customers(5_841, 5_860), dry_run=True, threshold=1)
    assert measured.finish(rehearsal.json()["dag_run_id"]) == "success"
    assert measured.finish(failed) == "failed"
    assert events(measured) == []

    live = measured.start(identifiers=customers(5_801, 5_820), threshold=1).json()["dag_run_id"]
    assert measured.finish(live) == "success"
    (event,) = measured.until(lambda: events(measured))
    ((wave_id, processed),) = measured.rows(
        "TRACKING_DSN",
        "SELECT wave.id, count(*) FROM migration.wave JOIN migration.import_process ON wave_id = wave.id "
        f"WHERE run_id = '{live}' AND state = 'processed' GROUP BY wave.id",
    )
    assert event["uri"] == "kraken-migration://waves/edf_accounts"
    assert event["extra"]["wave_id"] == wave_id
    assert event["extra"]["records"]["processed"] == processed
    assert sum(event["extra"]["records"].values()) == 20
    runs = measured.until(lambda: measured.api("GET", "/dags/after_the_wave/dagRuns").json()["dag_runs"])
    assert [run["run_type"] for run in runs] == ["asset_triggered"]

    _metrics_say_the_same(measured, collector)
    _a_late_run_is_told_of_once(measured, late)


def _metrics_say_the_same(stack: Stack, collector: Collector) -> None:
    for state, records in stack.rows(
        "TRACKING_DSN",
        "SELECT state, count(*) FROM migration.import_process JOIN migration.wave ON wave.id = wave_id "
        "WHERE finished_at IS NOT NULL GROUP BY state",
    ):
        given = {"step": "end", "dialect": "edf_accounts", "state": state}
        stack.until(lambda given=given: collector.value("airflow.kraken_migration.records", **given))
        assert collector.value("airflow.kraken_migration.records", **given) == records
    steps = {tags["step"] for tags in collector.tags("airflow.kraken_migration.records")}
    assert steps == {"validate", "create", "await", "end"}
    assert stack.finish(stack.trigger("watch"), "watch") == "success"
    stack.until(lambda: collector.tags("airflow.kraken_migration.outages"))
    ((usual,),) = stack.rows("TRACKING_DSN", "SELECT max(usual_seconds) FROM migration.kraken_load")
    if usual is not None:
        stack.until(lambda: collector.value("airflow.kraken_migration.request_seconds", connection="kraken"))
    said = b"".join(collector.raw)
    assert b"GB-0000" not in said


def _a_late_run_is_told_of_once(stack: Stack, late: str) -> None:
    # On a slow machine other runs are late too.
    sentence = "A wave of edf_accounts has not ended after 1 minute: look at what it waits for. "

    def told() -> list[str]:
        file = stack.folder / TOLD
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [line for line in lines if sentence in line and late in unquote(line)]

    (line,) = stack.until(told)
    assert "GB-0000" not in line
