"""Reports where they are kept, and notifiers that can do a wave no harm."""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from kraken_import.tracking import outages
from tests.integration.airflow.outbox import SENT
from tests.integration.airflow.test_dags import set_connections
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, park
from tests.integration.usecases.test_parked import begin_outage
from tests.integration.usecases.test_reconcile import play
from tests.integration.usecases.test_watch import plan

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    pytest.mark.filterwarnings("default"),
]

MODULE = "tests.integration.airflow.notifiers"
REMEMBERS = {"notifier": f"{MODULE}.Remembers", "kwargs": {"text": "{{ migration.text }}"}}


class _TaskInstance:
    def __init__(self, states: dict[str, str]) -> None:
        self.states = states

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return dict.fromkeys(run_ids, self.states)


class _Health(BaseHTTPRequestHandler):
    """Airflow's API as far as the watch asks it: when the triggerer was last heard of."""

    heartbeat: str | None = None

    def do_GET(self) -> None:
        part = {"status": "unhealthy", "latest_triggerer_heartbeat": self.heartbeat}
        is_asked_right = self.path == "/api/v2/monitor/health"
        body = json.dumps({"triggerer": part}).encode()
        self.send_response(200 if is_asked_right else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@dataclass(kw_only=True)
class _DagRun:
    run_id: str
    dag_id: str = "migrate_edf_accounts"
    run_type: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(value="manual"))
    clear_number: int = 0
    logical_date: None = None


def context(run_id: str, *, dag_id: str = "migrate_edf_accounts", **states: str) -> dict[str, Any]:
    """As much of a run as our operators look at."""
    from airflow.sdk import DAG
    from airflow.sdk.execution_time.context import OutletEventAccessors

    return {
        "dag": DAG(dag_id=dag_id, schedule=None),
        "dag_run": _DagRun(run_id=run_id, dag_id=dag_id),
        "run_id": run_id,
        "ti": _TaskInstance(states),
        "params": {"wave": None, "full": False},
        "outlet_events": OutletEventAccessors(),
    }


def operator(kind: str, **arguments: Any) -> Any:
    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators import batch, between, rerun, wave

    (found,) = {vars(module)[kind] for module in (batch, between, rerun, wave) if kind in vars(module)}
    if kind.startswith("Summarise"):
        arguments["dialect"] = "edf_accounts"
    return found(task_id=kind.lower(), connections=ConnectionIds(), **arguments)


def configure(monkeypatch: pytest.MonkeyPatch, *entries: Any) -> None:
    monkeypatch.setenv("MIGRATION_NOTIFIERS", json.dumps(entries))
    SENT.clear()


@pytest.fixture
def airflow_journey(monkeypatch: pytest.MonkeyPatch, begin: BeginJourney) -> Journey:
    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    return journey


def test_a_report_is_written_shown_and_linked(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kraken_import.airflow.storage import read_report

    monkeypatch.setenv("MIGRATION_REPORTS", f"file://{tmp_path}/some where")
    wave_id = play(airflow_journey, limit=3)
    task = operator("ReportWaveOperator")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/x/")
    link, console = task.operator_extra_links
    assert link.get_link(task, ti_key=None) == console.get_link(task, ti_key=None) == ""
    where = task.execute(context("run-1"))
    folder = tmp_path / "some where" / "migrate_edf_accounts" / f"wave-{wave_id}"
    assert where.endswith(f"wave-{wave_id}/index.html")
    in_console = f"https://airflow.example/x/migration/tracking/waves/{wave_id}"
    assert "Ended well" in (folder / "index.html").read_text(encoding="utf-8")
    assert f'href="{in_console}"' in (folder / "index.html").read_text(encoding="utf-8")
    assert console.get_link(task, ti_key=None) == in_console
    assert (folder / "funnel.csv").is_file()
    assert link.get_link(task, ti_key=None).endswith(
        f"/migration-reports/{task.dag_id}/wave-{wave_id}/index.html"
    )
    shown = read_report(dag_id="migrate_edf_accounts", folder=f"wave-{wave_id}", name="funnel.csv")
    assert shown == (folder / "funnel.csv").read_bytes()
    (tmp_path / "secret.csv").write_text("x")
    for dag_id, inner, name in (
        ("..", ".", "secret.csv"),
        ("migrate_edf_accounts", "..", "../../secret.csv"),
    ):
        assert read_report(dag_id=dag_id, folder=inner, name=name) is None


@pytest.mark.proof
def test_a_report_is_current_when_it_is_opened_and_of_its_own_dag_alone(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fastapi.testclient import TestClient

    from kraken_import.airflow import renewing, report_pages

    monkeypatch.setenv("MIGRATION_REPORTS", f"file://{tmp_path}")
    monkeypatch.setattr(renewing, "_CURRENT", 600.0)
    # Who may read a DAG is Airflow's matter; what is shown to those who may is ours.
    for route in report_pages.app.routes:
        for dependency in getattr(route, "dependencies", ()):
            monkeypatch.setitem(report_pages.app.dependency_overrides, dependency.dependency, lambda: None)
    web = TestClient(report_pages.app)
    wave_id = play(airflow_journey, limit=3)
    page = f"/migrate_edf_accounts/wave-{wave_id}/index.html"
    # No task has written it yet.
    assert "Ended well" in web.get(page).text
    with airflow_journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET outcome = 'failed', outcome_reason = 'Seen.'")
    # It was written a moment ago.
    assert "Seen." not in web.get(page).text
    assert renewing.main(["migrate_edf_accounts", str(wave_id)]) == 0
    assert "Seen." in web.get(page).text
    _a_run_has_a_page_of_its_own(airflow_journey, web)
    # Users who may read one DAG would otherwise see the waves of another.
    assert renewing.main(["rerun_edf_accounts", str(wave_id)]) == 1
    assert renewing.main(["migrate_edf_accounts", str(wave_id + 1)]) == 1
    # Without its database it is shown as it was.
    monkeypatch.setattr(renewing, "_CURRENT", 0.0)
    monkeypatch.delenv("AIRFLOW_CONN_TRACKING")
    assert "Seen." in web.get(page).text
    unable = web.get("/migrate_edf_accounts/runs/run-1")
    assert unable.status_code == 503
    assert "cannot be made now, which says nothing of the run" in unable.text


def test_what_libraries_print_is_not_part_of_a_run_s_page(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kraken_import.airflow.renewing import page_of

    printing = "import os, sys\nprint('a library says', flush=True)\nos.write(1, b'and says more')\n"
    (tmp_path / "sitecustomize.py").write_text(printing, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), *filter(None, sys.path))))
    play(airflow_journey, limit=3)
    page = page_of(dag_id="migrate_edf_accounts", run_id="run-1")
    assert page is not None
    assert page.startswith(b"<!DOCTYPE html>")
    assert b"says" not in page.partition(b"<body")[0]
    assert page_of(dag_id="migrate_edf_accounts", run_id="another") is None


@pytest.mark.parametrize(("token", "answer"), [(None, 401), ("none that Airflow has issued", 403)])
def test_no_page_of_the_plugin_is_for_a_stranger(token: str | None, answer: int) -> None:
    from airflow.api_fastapi.app import create_auth_manager
    from fastapi.routing import APIRoute
    from fastapi.testclient import TestClient

    from kraken_import.airflow import report_pages

    create_auth_manager()
    web = TestClient(report_pages.app, headers={"Authorization": f"Bearer {token}"} if token else {})
    pages = [route.path for route in report_pages.app.routes if isinstance(route, APIRoute)]
    assert len(pages) == len(report_pages.app.routes) == 2
    for page in pages:
        path = page.replace("{dag_id}", "migrate_edf_accounts").replace("{run_id:path}", "nonesuch")
        path = path.replace("{folder}", "wave-1").replace("{name}", "funnel.csv")
        assert web.get(path).status_code == answer
        assert web.post(path).status_code == 405
        climbing = path.replace("nonesuch", "..%2f..%2fx").replace("funnel.csv", "..%2f..%2fpasswords.json")
        assert web.get(climbing).status_code in (answer, 404)


def _a_run_has_a_page_of_its_own(journey: Journey, web: Any) -> None:
    from kraken_import.airflow.plugin import MigrationPlugin
    from kraken_import.airflow.report_pages import PREFIX

    views = {view["name"]: view for view in MigrationPlugin.external_views}
    view = views["Wave report"]
    assert view["destination"] == views["Wave"]["destination"] == "dag_run"
    tab = "/" + view["href"].replace("{DAG_ID}", "{0}").replace("{RUN_ID}", "{1}")
    address = tab.removeprefix(PREFIX)
    shown = web.get(address.format("migrate_edf_accounts", "run-1")).text
    assert shown.startswith("<!DOCTYPE html>")
    assert "Seen." in shown
    assert "no wave and no rerun" in web.get(address.format("migrate_edf_accounts", "nonesuch")).text
    assert "no wave and no rerun" in web.get(address.format("reconcile", "run-1")).text
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'errored', first_error_code = 'no_tariff' "
            "WHERE id = 1"
        )
    begin_rerun(journey, states=("errored",))
    page = web.get(address.format("rerun_edf_accounts", "rerun-1")).text
    assert "0 of 1 records mended; 1 still not through (ended by Kraken: no_tariff 1)." in page
    assert "Who is left, and why" in page


def test_a_place_that_cannot_be_written_is_one_sentence_and_leaves_the_outcome_alone(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    wave_id = play(airflow_journey, limit=3)
    (tmp_path / "file").write_text("in the way")
    for place in ((tmp_path / "file").as_uri(), "s3://nobody@bucket/reports", "nonesuch://x"):
        monkeypatch.setenv("MIGRATION_REPORTS", place)
        with pytest.raises(AirflowFailException, match=f"The report of wave {wave_id} could not be written"):
            operator("ReportWaveOperator").execute(context("run-1"))
        # What reconciliation finds does not depend on it either.
        assert operator("ReconcileOperator").execute(context("run-1")) == {}
    (wave,) = airflow_journey.rows("SELECT * FROM migration.wave")
    assert (wave["outcome"], wave["outcome_reason"]) == ("succeeded", None)


def test_an_earlier_failure_of_the_report_does_not_fail_the_wave(airflow_journey: Journey) -> None:
    from airflow.sdk import DAG

    play(airflow_journey, limit=3)
    with DAG(dag_id="migrate_edf_accounts", schedule=None):
        summarise, report = operator("SummariseWaveOperator"), operator("ReportWaveOperator")
        summarise >> report.as_teardown()
    assert summarise.execute(context("run-1", reportwaveoperator="failed")) == {"processed": 3}


@pytest.mark.parametrize(("dry_run", "updates"), [(False, 1), (True, 0)])
def test_a_live_wave_that_ends_well_updates_the_asset_of_its_dialect_and_a_rehearsal_does_not(
    airflow_journey: Journey, dry_run: bool, updates: int
) -> None:
    wave_id = play(airflow_journey, limit=3, dry_run=dry_run)
    summarise, given = operator("SummariseWaveOperator"), context("run-1")
    counts = summarise.execute(given)
    (alias,) = summarise.outlets
    events = given["outlet_events"][alias].asset_alias_events
    assert len(events) == updates
    for event in events:
        assert event.dest_asset_key.uri == "kraken-migration://waves/edf_accounts"
        assert event.extra == {"wave_id": wave_id, "records": counts}


def test_a_difference_fails_the_run_in_one_sentence(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from kraken_import.usecases.faults import BadRequest

    monkeypatch.setenv("MIGRATION_REPORTS", tmp_path.as_uri())
    wave_id = play(airflow_journey, limit=3)
    with airflow_journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = 4")
    with pytest.raises(
        AirflowFailException, match=r"1 difference is open .*\(batch_count 1\): `kraken-migrate"
    ):
        operator("ReconcileOperator").execute(context("run-1"))
    page = tmp_path / "migrate_edf_accounts" / f"wave-{wave_id}" / "index.html"
    assert "1 difference is open." in page.read_text(encoding="utf-8")
    with airflow_journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = 3")
    reconcile = operator("ReconcileOperator")
    assert reconcile.execute(context("run-1")) == {}
    assert "Nothing differs." in page.read_text(encoding="utf-8")
    # A skipped wave's report is not written again; a run of everything skips none.
    page.unlink()
    assert reconcile.execute(context("run-1")) == {}
    assert not page.exists()
    assert reconcile.execute(context("run-1") | {"params": {"wave": None, "full": True}}) == {}
    assert page.exists()
    for wave in ("run-1", str(wave_id), wave_id):
        assert reconcile.execute(context("run-1") | {"params": {"wave": wave, "full": False}}) == {}
    with pytest.raises(BadRequest, match="There is no wave 'nonesuch'"):
        reconcile.execute(context("run-1") | {"params": {"wave": "nonesuch", "full": False}})


def test_people_are_told_at_the_gate_at_the_end_and_once_of_a_stop(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.usecases.faults import SystemicFault

    configure(monkeypatch, REMEMBERS)
    wave_id = airflow_journey.valid_wave(limit=3)
    operator("GateOperator").execute(context("run-1"))
    airflow_journey.strike(kind="unauthorised", operation="create")
    create = operator(
        "CreateBatchOperator", batch={"wave_id": wave_id, "batch": 0}, patience=timedelta(minutes=1)
    )
    for _ in range(2):
        with pytest.raises(SystemicFault):
            create.execute(context("run-1"))
    airflow_journey.heal()
    with pytest.raises(Exception, match="was stopped"):
        operator("SummariseWaveOperator").execute(context("run-1"))
    assert [told["moment"] for _, told in SENT] == ["gate", "stop", "end"]
    # Airflow's address is not known here; where it is, the wave's page in the console follows.
    texts = [text for text, _ in SENT]
    assert texts[0].endswith("is at the gate: 3 of 3 customers are valid, 0 were refused.")
    assert "was stopped (unauthorised): Kraken refused the token" in texts[1]
    assert SENT[0][1]["counts"] == {"valid": 3}


def test_people_are_told_about_failed_plans_differences_and_reruns(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from kraken_import.airflow.operators.cohort import PreviewCohortOperator
    from kraken_import.usecases.faults import BadRequest

    monkeypatch.setenv("MIGRATION_REPORTS", tmp_path.as_uri())
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/x/")
    configure(monkeypatch, REMEMBERS)
    run = "https://airflow.example/x/dags/migrate_edf_accounts/runs/run%3A1"
    failing = [
        (operator("PlanWaveOperator", dialect="edf_accounts"), BadRequest("No customer GB-1."), "A wave"),
        (operator("PlanRerunOperator", dialect="edf_accounts"), BadRequest("Nothing fits."), "A rerun"),
        (PreviewCohortOperator(task_id="preview"), ValueError("hidden GB-1"), "A cohort"),
    ]
    params = {"dialect": "edf_accounts", "identifiers": ["GB-1"]}
    for task, error, what in failing:
        (callback,) = task.on_failure_callback
        given = context("run:1") | {"exception": error, "params": params}
        callback(given)
        text, told = SENT[-1]
        assert text.startswith(f"{what} of edf_accounts could not be planned, so none of it was sent: ")
        assert text.endswith(f" {run}")
        assert (told["moment"], told["link"], told["sentence"]) == ("plan_failed", run, text[: -len(run) - 1])
    assert "No customer …." in SENT[0][0]
    # What is not ours may quote values.
    assert "ValueError; the log of the task says more." in SENT[2][0]
    assert not [text for text, _ in SENT if "GB-1" in text]

    play(airflow_journey, limit=3)
    with airflow_journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = 4")
    with pytest.raises(AirflowFailException):
        operator("ReconcileOperator").execute(context("run:1"))
    assert SENT[-1][0] == (
        "1 difference is open after reconciliation over Connection 'kraken' (batch_count 1): "
        f"`kraken-migrate differences` lists them, and each needs an owner. {run}"
    )
    assert SENT[-1][1]["counts"] == {"batch_count": 1}

    told_wave = airflow_journey.valid_wave(limit=2, name="pilot")
    operator("GateOperator").execute(context("run-2"))
    assert SENT[-1][1]["link"] == f"https://airflow.example/x/migration/tracking/waves/{told_wave}"
    planned = begin_rerun(airflow_journey, run_id="run:1", wave="pilot")
    with pytest.raises(AirflowFailException, match="have not ended"):
        operator("SummariseRerunOperator").execute(context("run:1", dag_id="rerun_edf_accounts"))
    text, told = SENT[-1]
    assert f"Rerun {planned.rerun} of edf_accounts ended badly, with 0 of 2 records through and 2" in text
    assert told["counts"] == {"mended": 0, "left": 2, "parked": 0}


def test_the_watch_tells_once_of_what_no_run_would_tell(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators import watch as watching

    with ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/execution/"
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", address)
        records = watching.WatchRecordsOperator(
            task_id="records", connections=ConnectionIds(), dialects=["edf_accounts"], schedule="0 20 * * *"
        )
        triggerer = watching.WatchTriggererOperator(task_id="triggerer", connections=ConnectionIds())

        def look() -> list[str]:
            before = len(SENT)
            for task in (records, triggerer):
                task.execute(context("watch-1", dag_id="watch"))
            return [told["moment"] for _, told in SENT[before:]]

        wave_id = airflow_journey.valid_wave(limit=3)
        airflow_journey.create(wave_id)
        with airflow_journey.tracking.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE migration.import_process SET intended_at = now() - interval '50 hours'"
            )
            plan(connection, "leeds-1", "edf_accounts", "2026-11-01")
        # Without a notifier nothing is looked at; one that fails is asked again.
        assert look() == []
        configure(monkeypatch, {"notifier": f"{MODULE}.Fails"})
        assert look() == []
        configure(
            monkeypatch, {"notifier": f"{MODULE}.Remembers", "kwargs": {"text": "{{ migration.text }}"}}
        )
        assert look() == ["open_too_long", "cohort_overdue", "triggerer_silent"]
        assert SENT[0][0].startswith("3 records have been open at Kraken over Connection 'kraken'")
        assert look() == []
        # An outage is announced once it has lasted, and parked records some time after their wave's end.
        begin_outage(airflow_journey)
        assert look() == []
        park(airflow_journey, "GB-000000001")
        with airflow_journey.tracking.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE migration.outage SET began_at = began_at - interval '2 minutes';"
                "UPDATE migration.wave SET finished_at = now() - interval '2 days', outcome = 'failed', "
                "outcome_reason = '1 record is parked.'"
            )
        assert look() == ["parked", "outage"]
        assert look() == []
        outages.finish(engine=airflow_journey.tracking, target_kraken=airflow_journey.kraken.target)
        assert look() == ["outage_over"]
        # What has been resolved is forgotten, and announced again when it comes back.
        airflow_journey.poll(wave_id)
        monkeypatch.setattr(_Health, "heartbeat", datetime.now(UTC).isoformat())
        assert look() == []
        monkeypatch.setattr(_Health, "heartbeat", "2026-11-01T00:00:00+00:00")
        assert look() == ["triggerer_silent"]
        server.shutdown()
    # An API that does not answer is a line in the log.
    assert look() == []


def test_notifiers_with_their_secrets_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kraken_import.airflow import notifications

    monkeypatch.delenv("MIGRATION_NOTIFIERS", raising=False)
    assert not notifications.are_wanted()
    monkeypatch.setenv("MIGRATION_NOTIFIERS_FILE", str(tmp_path / "notifiers.json"))
    (tmp_path / "notifiers.json").write_text(json.dumps([REMEMBERS]))
    assert notifications.are_wanted()
    assert notifications._configured() == [(REMEMBERS["notifier"], REMEMBERS["kwargs"])]
    monkeypatch.setenv("MIGRATION_NOTIFIERS_FILE", str(tmp_path / "none"))
    with pytest.raises(notifications.UnableToReadNotifiers, match="MIGRATION_NOTIFIERS_FILE names"):
        notifications._configured()


@pytest.mark.parametrize(
    "value",
    [
        "no json",
        "{}",
        '["x"]',
        '[{"kwargs": {}}]',
        '[{"notifier": "nonesuch.Module"}]',
        '[{"notifier": "builtins.dict"}]',
        f'[{{"notifier": "{MODULE}.Fails"}}]',
        f'[{{"notifier": "{MODULE}.Remembers", "kwargs": {{"text": "{{{{ nonesuch.x }}}}"}}}}]',
        f'[{{"notifier": "{MODULE}.Hangs"}}]',
    ],
)
def test_whatever_is_wrong_with_a_notifier_the_wave_goes_on(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    from kraken_import.airflow import notifications

    monkeypatch.setattr(notifications, "_PATIENCE_SECONDS", 0.2 if "Hangs" in value else 30)
    monkeypatch.setenv("MIGRATION_NOTIFIERS", value)
    airflow_journey.valid_wave(limit=2)
    with caplog.at_level(logging.WARNING, logger="kraken_import.airflow.notifications"):
        (batch,) = operator("GateOperator").execute(context("run-1"))
    assert batch["batch"] == 0
    said = [
        record.getMessage()
        for record in caplog.records
        if record.name == "kraken_import.airflow.notifications"
    ]
    assert len(said) == (0 if value == "{}" else 1)
    assert not [sentence for sentence in said if "hidden" in sentence or "\n" in sentence]
