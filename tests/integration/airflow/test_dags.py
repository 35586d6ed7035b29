"""The DAGs as Airflow reads them: shape, parameters, triggers, the Connection type."""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from kraken_import.tracking import actions
from kraken_import.tracking.actions import NewAction
from kraken_import.tracking.installation import OtherInstallation, claim
from kraken_import.usecases.control import UnknownWave
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.selections import store_customers
from tests import projects
from tests.conftest import NewDatabase, Simulator, StartSimulator, as_user
from tests.integration.conftest import BeginJourney
from tests.wave_keys import FIRST
from transforms import registry, sql_files
from transforms.quiet import UnforeseenFault
from transforms.registry import dialect_names, get_dialect
from transforms.selection import rule_names, rule_parameters

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).resolve().parents[3]
DIALECT_DAGS = [f"migrate_{name}" for name in dialect_names()]
RERUN_DAGS = [f"rerun_{name}" for name in dialect_names()]


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"))
    assert not bag.import_errors
    return dict(bag.dags)


def test_a_bad_file_of_one_dialects_columns_hides_no_dag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    folder = tmp_path / "extract" / "edf_accounts"
    folder.mkdir(parents=True)
    (folder / "columns.toml").write_text("[accounts", encoding="utf-8")
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    registry._loaded.cache_clear()
    try:
        bag = DagBag(str(ROOT / "dags" / "dialects.py"))
        assert not bag.import_errors
        assert sorted(bag.dags) == sorted(DIALECT_DAGS + RERUN_DAGS)
    finally:
        registry._loaded.cache_clear()


PROJECT = {
    "kraken-migrate.toml": 'dialects = ["plenitude_accounts", "broken_accounts", "acme_accounts"]',
    "dialects/broken_accounts.py": "import no_such_module",
    "dialects/acme_accounts.py": """
from transforms.extending import extend
from transforms.registry import delivered_dialect

DIALECT = extend(delivered_dialect(name="edf_accounts"), name="acme_accounts")
""",
    # A rule is read a page at a time, which this one does not say.
    "sql/plan/acme_accounts/first_ones.sql": "SELECT * FROM candidate",
    "dags/kraken.py": """
from pathlib import Path
from kraken_import.airflow.dags import dialect_dags, operation_dags

PROJECT = Path(__file__).parents[1]
globals().update(dialect_dags(project=PROJECT) | operation_dags(project=PROJECT))
""",
    "dags/problems.py": """
from kraken_import.airflow.dags import check_dialects

check_dialects()
""",
}


def test_a_projects_dialect_that_cannot_be_loaded_is_an_import_error_and_hides_no_other_dag(
    tmp_path: Path,
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    folder = projects.write(folder=tmp_path / "acme", files=PROJECT)
    with projects.in_force(folder=folder):
        bag = DagBag(str(folder / "dags"))
    operations = ["control_wave", "plan_cohort", "poll_open", "reconcile", "retain", "watch"]
    names = ("acme_accounts", "plenitude_accounts")
    own = [f"{kind}_{name}" for kind in ("migrate", "rerun") for name in names]
    assert sorted(bag.dags) == sorted(own + operations)
    ((file, error),) = bag.import_errors.items()
    assert file.endswith("problems.py")
    assert "BrokenDialect: The dialect broken_accounts cannot be loaded from" in error
    assert bag.dags["plan_cohort"].params["dialect"] == "acme_accounts"
    assert {"first_ones", "all"} <= set(bag.dags["plan_cohort"].params.get_param("rule").schema["enum"])
    # What has left is followed to its end, whatever is wrong with its dialect now.
    (poll,) = bag.dags["poll_open"].tasks
    assert poll.dialects == ("acme_accounts", "plenitude_accounts")


def test_a_component_of_airflow_that_does_not_know_the_project_refuses_its_dag_files(tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    folder = projects.write(folder=tmp_path / "acme", files=PROJECT)
    bag = DagBag(str(folder / "dags" / "kraken.py"))
    assert not bag.dags
    (error,) = bag.import_errors.values()
    assert f"set KRAKEN_MIGRATE_PROJECT={folder} for every component of Airflow." in error


def test_there_is_a_dag_for_each_dialect_for_cohorts_and_for_what_is_open(dags: dict[str, Any]) -> None:
    assert sorted(dags) == sorted(
        [
            *DIALECT_DAGS,
            *RERUN_DAGS,
            "control_wave",
            "plan_cohort",
            "poll_open",
            "reconcile",
            "retain",
            "watch",
        ]
    )
    # They are built inside a package; what Airflow reads again for a task is the file in its DAG folder.
    assert {Path(dag.fileloc).name for dag in dags.values()} == {"dialects.py", "operations.py"}


@pytest.mark.parametrize("dag_id", DIALECT_DAGS + RERUN_DAGS)
def test_a_wave_is_planned_prepared_gated_loaded_and_summarised(dags: dict[str, Any], dag_id: str) -> None:
    dag = dags[dag_id]
    after = {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}
    report = {"report": ["summarise"]} if dag_id in DIALECT_DAGS else {}
    assert after == report | {
        "plan": [],
        "prepare.build": ["plan"],
        "prepare.validate": ["plan", "prepare.build"],
        "gate": ["prepare.validate"],
        "load.create": ["gate"],
        "load.await": ["gate", "load.create"],
        "summarise": ["load.await"],
    }
    rules = {task.task_id: str(task.trigger_rule) for task in dag.tasks}
    assert {task for task, rule in rules.items() if "all_done" in rule.lower()} == {
        "gate",
        "summarise",
        "load.await",
        *report,
    }
    for task in report:
        # A teardown counts neither for nor against the run.
        assert dag.task_dict[task].is_teardown
        assert not dag.task_dict[task].on_failure_fail_dagrun
    assert dag.doc_md


def test_the_watch_runs_only_where_notifiers_are_set(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.airflow.dags.watch import watch_dag

    assert dags["watch"].schedule is None
    monkeypatch.setenv("MIGRATION_NOTIFIERS", "[]")
    assert watch_dag().schedule == timedelta(minutes=10)
    # What waits for the triggerer cannot tell that it is dead.
    assert not [task for task in dags["watch"].tasks if hasattr(task, "resume")]


def test_retention_runs_only_where_its_days_are_set_and_a_wrong_setting_is_one_sentence(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.airflow.dags.retention import retention_dag
    from kraken_import.airflow.environment import UnableToReadEnvironment

    assert dags["retain"].schedule is None
    monkeypatch.setenv("MIGRATION_RETENTION", "payloads=90")
    assert retention_dag().schedule == "0 6 * * *"
    monkeypatch.setenv("MIGRATION_RETENTION", "payloads=ninety")
    with pytest.raises(UnableToReadEnvironment, match="MIGRATION_RETENTION must give days by kind"):
        retention_dag()


def test_a_run_has_a_deadline_where_one_is_set_and_a_wrong_one_is_one_sentence(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    from kraken_import.airflow.dags.reruns import rerun_dag
    from kraken_import.airflow.dags.waves import wave_dag
    from kraken_import.airflow.environment import UnableToReadEnvironment

    assert all(not dags[dag_id].deadline for dag_id in DIALECT_DAGS + RERUN_DAGS)
    monkeypatch.setenv("MIGRATION_DEADLINE_MINUTES", "90")
    for what, dag in (("A wave", wave_dag), ("A rerun", rerun_dag)):
        made = dag(name="edf_accounts")
        (alert,) = made.deadline
        assert alert.interval == timedelta(minutes=90)
        assert alert.callback.path == "kraken_import.airflow.deadlines.run_is_late"
        assert alert.callback.kwargs == {"dialect": "edf_accounts", "what": what, "minutes": 90}
        assert DagSerialization.to_dict(made)
    monkeypatch.setenv("MIGRATION_DEADLINE_MINUTES", "1.5")
    with pytest.raises(UnableToReadEnvironment, match="MIGRATION_DEADLINE_MINUTES must be a whole number"):
        wave_dag(name="edf_accounts")


@pytest.mark.parametrize(
    ("state", "messages"), [("running", 1), ("queued", 1), ("failed", 0), ("success", 0)]
)
def test_people_are_told_of_a_late_run_while_it_is_under_way_and_no_notifier_sees_its_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str, messages: int
) -> None:
    from kraken_import.airflow.deadlines import run_is_late

    file = tmp_path / "told.txt"
    entry = {
        "notifier": "tests.file_notifier.WritesToFile",
        "kwargs": {"text": "{{ migration.text }} {{ dag_run }}", "file": str(file)},
    }
    monkeypatch.setenv("MIGRATION_NOTIFIERS", json.dumps([entry]))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    run = {"dag_id": "migrate_edf_accounts", "dag_run_id": "night 1", "state": state}
    given = {"dag_run": {**run, "conf": {"identifiers": ["GB-000000001"]}}, "deadline": {}}
    asyncio.run(run_is_late(dialect="edf_accounts", what="A wave", minutes=90, context=given))
    told = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    assert len(told) == messages
    for line in told:
        assert line.startswith(
            "A wave of edf_accounts has not ended after 90 minutes: look at what it waits for. "
            "https://airflow.example/dags/migrate_edf_accounts/runs/night%201"
        )
        assert "GB-000000001" not in line


def test_what_fails_when_people_are_to_be_told_leaves_nothing_of_the_form_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from kraken_import.airflow.deadlines import run_is_late

    given = {"dag_run": {"conf": {"identifiers": ["GB-000000001"]}}}
    asyncio.run(run_is_late(dialect="edf_accounts", what="A wave", minutes=90, context=given))
    assert "People were not told of a late run (KeyError)." in caplog.text
    assert "GB-000000001" not in caplog.text


def test_every_task_that_may_be_red_stands_in_the_run_book(dags: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "run-book.md").read_text(encoding="utf-8").split("\n## When a task is red\n")[1]
    told = {
        name
        for row in page.split("\n## ")[0].splitlines()
        if row.startswith("|") and row.count("|") == 5
        for name in re.findall(r"`([a-z_.]+…?)`", row.split("|")[2])
    }
    # Tasks for each Connection are named after it.
    tasks = {re.sub("_(kraken|tracking)$", "_…", name) for dag in dags.values() for name in dag.task_ids}
    assert told == tasks


def test_nothing_is_read_from_connections_when_dags_are_parsed(dags: dict[str, Any]) -> None:
    # The fixture has parsed them without our Connections or databases.
    assert dags


@pytest.mark.parametrize(
    "conf",
    [
        {"limit": 0},
        {"limit": "many"},
        {"batch_size": 0},
        {"threshold": 2},
        {"requests_in_flight": 999},
        {"identifiers": "GB-1"},
        {"identifiers": [""]},
        {"selection": 0},
        {"dry_run": "maybe"},
        {"await_minutes": 0},
        {"wave": ""},
        {"approval": "maybe"},
        {"approval_minutes": 0},
        {"require_rehearsal": "yes"},
        {"error_share": 1.5},
        {"error_count": -1},
        {"error_window": 0},
        {"error_window": 100_001},
        {"four_eyes": "yes"},
        {"all_customers": "some"},
        {"schedule_window_start": "tomorrow"},
        {"schedule_window_end": "2026-13-01T00:00:00Z"},
    ],
)
def test_a_malformed_parameter_is_refused_by_the_form(dags: dict[str, Any], conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    ((name, value),) = conf.items()
    with pytest.raises(ParamValidationError):
        dags["migrate_edf_accounts"].params.get_param(name).resolve(value)


@pytest.mark.parametrize("dag_id", ["migrate_edf_accounts", "plan_cohort", "control_wave"])
def test_every_field_of_a_form_has_a_title_and_a_sentence(dags: dict[str, Any], dag_id: str) -> None:
    params = dags[dag_id].params
    for name in params:
        param = params.get_param(name)
        assert param.schema["title"], name
        assert param.description.endswith("."), name


def test_a_wave_is_not_controlled_without_its_name_or_in_an_unknown_way(dags: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = dags["control_wave"].params
    wrong = (
        ("wave", ""),
        ("action", "stop"),
        ("answer", "perhaps"),
        ("identifiers", "A-1"),
        ("identifiers", [""]),
    )
    for name, value in wrong:
        with pytest.raises(ParamValidationError):
            params.get_param(name).resolve(value)


def test_create_waits_without_a_worker_while_its_wave_is_paused(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch, begin: BeginJourney
) -> None:
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.sdk.execution_time import task_runner

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import CreateBatchOperator
    from kraken_import.airflow.operators.control import ControlWaveOperator

    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    wave_id = journey.valid_wave()

    def order(action: str) -> str:
        context = {
            "params": {
                "wave": None if action == "stop_all" else str(wave_id),
                "kraken": None,
                "action": action,
                "reason": None,
            },
            "dag_run": SimpleNamespace(triggering_user_name="ops"),
            "run_id": "manual",
        }
        return ControlWaveOperator(task_id=action, tracking_ids=["tracking"]).execute(context)

    assert "is paused" in order("pause")
    operator = CreateBatchOperator(
        task_id="create",
        batch={"wave_id": wave_id, "batch": 0},
        patience=timedelta(minutes=1),
        connections=ConnectionIds(),
    )
    # The message by which Airflow's own tasks set the label that the grid shows.
    sent: list[str] = []
    supervisor = SimpleNamespace(send=lambda *, msg: sent.append(msg.rendered_map_index))
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    label = dags["migrate_edf_accounts"].get_task("load.create").map_index_template
    context: dict[str, Any] = {"task": operator, "map_index_template": label}
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    assert deferred.value.trigger.hold_back == 0.0
    assert journey.created() == {}
    assert sent == [f"wave {wave_id}, batch 0: paused by a person"]
    ((holder,),) = (row.values() for row in journey.rows("SELECT id FROM migration.installation"))
    assert holder == "tests"
    _belongs_to(journey.tracking, "another")
    with pytest.raises(
        OtherInstallation, match="Another Airflow, https://another, uses this tracking database"
    ):
        operator.execute({})
    # An Airflow that does not hold the database may still order waves to stop or resume.
    assert "goes on" in order("resume")
    _belongs_to(journey.tracking, "tests")
    assert "valid" not in operator.resume({}, {"open": 0, "ended": 0}, **deferred.value.kwargs)
    assert len(journey.created()) == 5
    orders = journey.rows("SELECT ordered_by FROM migration.wave_control")
    assert [row["ordered_by"] for row in orders] == ["ops", "ops"]
    second = journey.valid_wave()
    assert f"wave {second} 'run-2'" in order("stop_all")
    with pytest.raises(SystemicFault, match="ops stopped everything"):
        journey.create(second)


def _belongs_to(tracking: Engine, name: str) -> None:
    with tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.installation SET id = %(name)s, name = 'https://' || %(name)s, seen_at = now()",
            {"name": name},
        )


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"action": "cancel"}, "Say which wave to cancel"),
        ({"action": "stop_all", "wave": "pilot"}, "leave the wave empty"),
        ({"action": "pause", "wave": "pilot", "kraken": "kraken"}, "Only stop_all takes a Kraken"),
        ({"action": "pause", "wave": "pilot", "identifiers": ["A-1"]}, "Only decide takes records"),
        ({"action": "stop_all", "answer": "there"}, "Only decide takes records"),
        ({"action": "pause", "wave": "pilot", "selection": 1}, "Only decide takes records"),
        ({"action": "decide", "identifiers": ["A-1"], "answer": "there"}, "Say of which wave"),
        ({"action": "decide", "wave": "pilot", "identifiers": None, "answer": None}, "no wave 'pilot'"),
    ],
)
def test_an_order_without_its_wave_or_with_too_much_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney, params: dict[str, Any], sentence: str
) -> None:
    from kraken_import.airflow.operators.control import ControlWaveOperator

    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    context = {
        "params": {"wave": None, "kraken": None, "reason": None, **params},
        "dag_run": SimpleNamespace(triggering_user_name=None),
        "run_id": "manual",
    }
    with pytest.raises(BadRequest, match=sentence):
        ControlWaveOperator(task_id="order", tracking_ids=["tracking"]).execute(context)


@pytest.mark.parametrize("is_selection", [False, True], ids=["by identifier", "by selection"])
def test_a_run_decides_about_records_of_a_wave_at_the_kraken_of_its_connection(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney, is_selection: bool
) -> None:
    from kraken_import.airflow.operators.control import ControlWaveOperator

    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    kraken_gb = {"conn_type": "kraken", "host": journey.simulator.url, "password": journey.simulator.token}
    monkeypatch.setenv("AIRFLOW_CONN_KRAKEN_GB", json.dumps(kraken_gb))
    monkeypatch.setenv("AIRFLOW_CONN_KRAKEN", json.dumps({**kraken_gb, "password": "another"}))
    wave_id = journey.valid_wave(connection_id="kraken_gb")
    journey.strike(kind="imported_elsewhere", keys=["GB-000000002"], account_id="A-X")
    journey.create(wave_id)
    selection = None
    if is_selection:
        selection = store_customers(
            tracking=journey.tracking,
            dialect="edf_accounts",
            wave=None,
            identifiers=["GB-000000002"],
            by="ops",
        )
    context = {
        "params": {
            "wave": "run-1",
            "kraken": None,
            "action": "decide",
            "identifiers": None if is_selection else ["GB-000000002"],
            "selection": selection,
            "answer": "there",
            "reason": "Seen as A-X.",
        },
        "dag_run": SimpleNamespace(triggering_user_name="ops"),
        "run_id": "manual",
    }
    operator = ControlWaveOperator(task_id="control", tracking_ids=["tracking"])
    assert "1 record was decided there (1 processed)" in operator.execute(context)
    (kept,) = journey.rows("SELECT decided_by, reason, from_state FROM migration.record_decision")
    assert tuple(kept.values()) == ("ops", "Seen as A-X.", "missing")


def _order_of(action: str, run_id: str, **params: Any) -> dict[str, Any]:
    """The context of a run that gives an order."""
    return {
        "params": {"wave": None, "kraken": None, "reason": "so", "action": action, **params},
        "dag_run": SimpleNamespace(triggering_user_name="ops"),
        "run_id": run_id,
    }


def test_a_decision_that_is_refused_says_why_with_the_order_of_the_console(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney
) -> None:
    from kraken_import.airflow.operators.control import ControlWaveOperator

    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    wave_id = journey.valid_wave()
    order = uuid4()
    with journey.tracking.begin() as connection:
        actions.begin(
            connection=connection,
            action=NewAction(
                id=order, kind="decide", scope="1 record", reason="so", ordered_by="ops", wave_id=wave_id
            ),
        )
    operator = ControlWaveOperator(task_id="control", tracking_ids=["tracking"])
    asked = {"wave": str(wave_id), "answer": "absent", "identifiers": ["GB-000000002"]}
    for run_id in ("manual", f"console-{order}"):
        with pytest.raises(BadRequest, match="has nothing to decide about"):
            operator.execute(_order_of("decide", run_id, **asked))
    (told,) = journey.rows("SELECT outcome, result FROM migration.console_action")
    assert told["outcome"] == "refused"
    assert "only what is open or parked is decided on" in told["result"]


def test_a_number_that_two_tracking_databases_have_is_no_wave_until_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
    begin: BeginJourney,
    brief_database: NewDatabase,
    tracking_template: str,
    postgres: Cluster,
) -> None:
    from kraken_import.airflow.operators.control import ControlWaveOperator

    here = begin()
    dsn = as_user(cluster=postgres, dsn=brief_database(template=tracking_template), user=logins.APP)
    url = make_url(dsn).set(drivername="postgresql+psycopg2")
    there = replace(here, tracking=create_engine(url, poolclass=NullPool))
    set_connections(monkeypatch, tracking=there.tracking, simulator=there.simulator)
    monkeypatch.setenv("AIRFLOW_CONN_TRACKING_THERE", os.environ["AIRFLOW_CONN_TRACKING"])
    set_connections(monkeypatch, tracking=here.tracking, simulator=here.simulator)
    wave = str(here.plan(limit=1).wave_id)
    assert str(there.plan(limit=1).wave_id) == wave
    only = str(there.plan(limit=1).wave_id)
    operator = ControlWaveOperator(task_id="control", tracking_ids=["tracking", "tracking_there"])
    with pytest.raises(BadRequest, match="Each of the tracking databases tracking, tracking_there has"):
        operator.execute(_order_of("pause", "manual", wave=wave))
    with pytest.raises(BadRequest, match="Tracking is one of tracking, tracking_there"):
        operator.execute(_order_of("pause", "manual", wave=wave, tracking="elsewhere"))
    assert "is paused" in operator.execute(_order_of("pause", "manual", wave=wave, tracking="tracking_there"))
    assert "is paused" in operator.execute(_order_of("pause", "manual", wave=only))
    paused = "SELECT id FROM migration.wave WHERE paused_at IS NOT NULL ORDER BY id"
    assert here.rows(paused) == []
    assert [str(row["id"]) for row in there.rows(paused)] == [wave, only]
    with pytest.raises(UnknownWave, match="There is no wave 'none'"):
        operator.execute(_order_of("pause", "manual", wave="none"))


@pytest.mark.parametrize("dag_id", DIALECT_DAGS)
def test_the_untouched_form_is_a_dry_run_that_takes_no_customer(dags: dict[str, Any], dag_id: str) -> None:
    from kraken_import.airflow.operators.wave import POLICY

    params = dags[dag_id].params
    assert params["dry_run"] is True
    assert params["all_customers"] is False
    assert not any(params[name] for name in ("limit", "identifiers", "cohort"))
    # An empty field leaves the policy to the cohort or the Connection; a default would be a wish.
    assert {params[name] for name in POLICY} == {None}


@pytest.mark.parametrize("dag_id", DIALECT_DAGS + RERUN_DAGS)
def test_a_form_is_written_once_with_its_dag_and_not_with_each_task(dag_id: str) -> None:
    from airflow.sdk.definitions.param import process_params
    from airflow.serialization.serialized_objects import DagSerialization

    from kraken_import.airflow.dags import dialect_dags

    dag = dialect_dags()[dag_id]
    written = DagSerialization.to_dict(dag)["dag"]
    assert {name for name, _ in written["params"]} == set(dag.params)
    assert [task["__var"]["task_id"] for task in written["tasks"] if task["__var"].get("params")] == []
    # Each task still gets the form of its run, with what the run was started with.
    for task in dag.tasks:
        form = process_params(dag, task, {"requests_in_flight": 7}, suppress_exception=False)
        assert set(form) == set(dag.params)
        assert form["requests_in_flight"] == 7


def test_what_a_run_was_started_with_stays_with_its_dag() -> None:
    from airflow.sdk.definitions.param import process_params

    from kraken_import.airflow.dags import dialect_dags

    built = dialect_dags()
    one, other = (built[dag_id] for dag_id in DIALECT_DAGS[:2])
    process_params(one, one.get_task("plan"), {"wave": "Night 1"}, suppress_exception=False)
    assert other.params["wave"] is None


def test_the_defaults_are_valid(dags: dict[str, Any]) -> None:
    dags["migrate_edf_accounts"].params.validate()


@pytest.mark.parametrize("dialect", dialect_names())
def test_waves_begin_in_the_evening_where_the_customers_live(dags: dict[str, Any], dialect: str) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    dag = DagSerialization.from_dict(DagSerialization.to_dict(dags[f"migrate_{dialect}"]))
    zone = ZoneInfo(get_dialect(name=dialect).zone)
    info = next(
        iter(
            dag.iter_dagrun_infos_between(
                datetime(2026, 11, 9, 23, tzinfo=zone), datetime(2026, 11, 11, tzinfo=zone)
            )
        )
    )
    assert info.logical_date.astimezone(zone) == datetime(2026, 11, 10, 20, tzinfo=zone)
    assert not dag.catchup


@pytest.mark.parametrize(
    "conf",
    [
        {"dialect": "nonesuch"},
        {"rule": "nonesuch"},
        {"cohort": ""},
        {"wave_date": "soon"},
        {"size": 0},
        {"mode": "wet"},
        {"four_eyes": "yes"},
        {"schedule_window": "tonight"},
        {"every": 0},
        {"postcode_area": "LS1"},
        {"billing_from": "2026-02-31"},
    ],
)
def test_the_form_of_a_cohort_refuses_what_cannot_be(dags: dict[str, Any], conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    ((name, value),) = conf.items()
    with pytest.raises(ParamValidationError):
        dags["plan_cohort"].params.get_param(name).resolve(value)


def test_the_form_of_a_cohort_has_a_field_for_every_parameter_of_a_rule(dags: dict[str, Any]) -> None:
    from kraken_import.airflow.operators.cohort import SETTINGS

    wanted = {
        name
        for dialect in dialect_names()
        for rule in rule_names(dialect=dialect)
        for name in rule_parameters(dialect=dialect, rule=rule)
    }
    assert set(dags["plan_cohort"].params) == SETTINGS | wanted
    assert not SETTINGS & wanted


def test_a_trigger_survives_being_written_down() -> None:
    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.triggers import PollTrigger, poll_trigger

    trigger = poll_trigger(
        connections=ConnectionIds(),
        until=datetime.now(UTC),
        ref={"wave_id": 3, "batch": 4, "rerun_id": 5},
        why="doubt",
        hold_back=1.5,
        ends_task=True,
    )
    path, arguments = trigger.serialize()
    assert path == "kraken_import.airflow.triggers.PollTrigger"
    assert json.loads(json.dumps(arguments)) == arguments
    assert PollTrigger(**arguments).serialize() == trigger.serialize()


def test_a_question_survives_being_written_down() -> None:
    from kraken_import.airflow.triggers import QuestionTrigger

    trigger = QuestionTrigger(
        tracking_conn_id="tracking",
        rerun=5,
        ti_id=uuid4(),
        options=["Approve", "Reject"],
        defaults=["Reject"],
        params={},
        timeout_datetime=datetime.now(UTC),
    )
    path, arguments = trigger.serialize()
    assert path == "kraken_import.airflow.triggers.QuestionTrigger"
    assert QuestionTrigger(**arguments).serialize() == trigger.serialize()
    assert (arguments["rerun"], arguments["wave_id"]) == (5, None)


def set_connections(monkeypatch: pytest.MonkeyPatch, *, tracking: Engine, simulator: Simulator) -> None:
    url = make_url(str(tracking.url.render_as_string(hide_password=False)))
    monkeypatch.setenv(
        "AIRFLOW_CONN_TRACKING",
        json.dumps(
            {
                "conn_type": "postgres",
                "host": url.host,
                "port": url.port,
                "login": url.username,
                "password": url.password,
                "schema": url.database,
            }
        ),
    )
    monkeypatch.setenv(
        "AIRFLOW_CONN_KRAKEN",
        json.dumps({"conn_type": "kraken", "host": simulator.url, "password": simulator.token}),
    )
    monkeypatch.setenv("AIRFLOW_CONN_WAVE_KEYS", json.dumps({"conn_type": "generic", "password": FIRST}))


def test_the_trigger_yields_counts_once_nothing_is_open_or_why_it_cannot_look(
    monkeypatch: pytest.MonkeyPatch,
    tracking_engine: Engine,
    tracking_superuser: Engine,
    start_simulator: StartSimulator,
) -> None:
    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.triggers import poll_trigger

    set_connections(monkeypatch, tracking=tracking_engine, simulator=start_simulator())
    claim(engine=tracking_engine, installation_id="tests", name="tests")
    with tracking_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.installation SET seen_at = now() - interval '1 day'")

    async def events() -> list[Any]:
        trigger = poll_trigger(connections=ConnectionIds(), until=datetime.now(UTC) + timedelta(seconds=20))
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(events())
    assert event.payload == {"open": 0, "ended": 0}
    with tracking_engine.begin() as connection:
        # What waits keeps the database for its Airflow.
        seen_at = connection.exec_driver_sql("SELECT seen_at FROM migration.installation").scalar_one()
        assert seen_at > datetime.now(UTC) - timedelta(minutes=1)
    with tracking_superuser.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA migration CASCADE")
    (event,) = asyncio.run(events())
    assert "bring it up to date with `kraken-migrate db upgrade" in event.payload["refused"]


def test_a_token_that_is_refused_while_a_trigger_polls_stops_the_wave_and_fails_the_task(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import AwaitBatchOperator

    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    journey.strike(kind="unauthorised", operation="status", skip=2)
    operator = AwaitBatchOperator(
        task_id="await", batch={"wave_id": wave_id, "batch": 0}, connections=ConnectionIds()
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({"params": {"await_minutes": 5}})

    async def events() -> list[Any]:
        return [event async for event in deferred.value.trigger.run()]

    (event,) = asyncio.run(events())
    assert event.payload["fault"] == "unauthorised"
    with pytest.raises(SystemicFault, match="put a valid token into it, then clear the run"):
        operator.resume({}, event.payload)
    (wave,) = journey.rows("SELECT stop_code FROM migration.wave")
    assert wave["stop_code"] == "unauthorised"
    assert set(journey.created().values()) == {1}


def test_dags_test_gives_the_end_of_the_wait_to_the_operator_which_takes_it_for_one() -> None:
    from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import AwaitBatchOperator

    operator = AwaitBatchOperator(
        task_id="await", batch={"wave_id": 1, "batch": 0}, connections=ConnectionIds()
    )
    operator.resume({}, TaskSuccessEvent().payload)
    with pytest.raises(UnforeseenFault):
        operator.resume({}, TaskFailedEvent().payload)


def test_the_hook_tests_a_connection(
    monkeypatch: pytest.MonkeyPatch, tracking_engine: Engine, start_simulator: StartSimulator
) -> None:
    from kraken_import.airflow.hook import KrakenHook

    simulator = start_simulator("--organisation-key", "sk_live_1", "--login", "a@example.energy:pass word")
    set_connections(monkeypatch, tracking=tracking_engine, simulator=simulator)
    key = {"password": "sk_live_1", "extra": {"sign_in": "organisation_key"}}
    person = {"login": "a@example.energy", "password": "pass word", "extra": {"sign_in": "email"}}
    for changes in ({}, key, person):
        fields = {"conn_type": "kraken", "host": simulator.url, "password": simulator.token} | changes
        monkeypatch.setenv("AIRFLOW_CONN_KRAKEN", json.dumps(fields))
        worked, said = KrakenHook().test_connection()
        assert worked, said
    for changes, words in (
        ({"password": "wrong"}, "refuses the token (401)"),
        ({"host": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"password": ""}, "token is missing"),
        ({**key, "password": "wrong"}, "refused the organisation key of Connection 'kraken' (KT-CT-1138)"),
        ({**person, "login": ""}, "the login is missing"),
        ({"extra": {**key["extra"], "sign_in_path": "/graphql/"}}, "check the host and the token path"),
        ({"extra": {"policies": '{"edf": {}}'}}, "names dialect 'edf', which is not known"),
    ):
        fields = {"conn_type": "kraken", "host": simulator.url, "password": simulator.token} | changes
        monkeypatch.setenv("AIRFLOW_CONN_KRAKEN", json.dumps(fields))
        worked, said = KrakenHook().test_connection()
        assert not worked
        assert words in said
        assert simulator.token not in said
    monkeypatch.setenv("MIGRATION_KRAKEN_HOSTS", "api.example.com")
    worked, said = KrakenHook().test_connection()
    assert (worked, "none of those that MIGRATION_KRAKEN_HOSTS allows" in said) == (False, True)


def test_airflow_knows_the_connection_type_and_its_form() -> None:
    from airflow._shared.secrets_masker import should_hide_value_for_key
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    assert ProvidersManagerTaskRuntime().hooks["kraken"] is not None
    manager = ProvidersManager()
    fields = {
        name.removeprefix("extra__kraken__") for name in manager.connection_form_widgets if "kraken" in name
    }
    assert {"envelope", "requests_in_flight", "visibility_window", "import_suppliers"} <= fields
    # The form would show, and store, asterisks.
    assert not [name for name in fields if should_hide_value_for_key(name)]


def test_the_form_offers_exactly_what_a_connection_may_hold() -> None:
    from kraken_import.airflow.provider import get_provider_info
    from kraken_import.client.settings import _READERS

    (connection_type,) = get_provider_info()["connection-types"]
    assert set(connection_type["conn-fields"]) == set(_READERS)


def test_the_providers_description_follows_airflows_schema() -> None:
    import airflow
    import jsonschema

    from kraken_import.airflow.provider import get_provider_info

    schema = Path(airflow.__file__).parent / "provider_info.schema.json"
    jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))


def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password() -> None:
    from airflow.sdk import Connection

    from kraken_import.airflow.connections import open_engine
    from kraken_import.usecases.faults import BadRequest, Retryable

    connection = Connection(
        conn_id="tracking",
        conn_type="postgres",
        host="127.0.0.1",
        port=9,
        login="x",
        password="hidden",
        schema="y",
    )
    with pytest.raises(Retryable, match=r"'tracking' at 127\.0\.0\.1:9 cannot be reached") as failed:
        open_engine(connection=connection)
    assert "hidden" not in str(failed.value)
    connection.conn_type = "oracle"
    with pytest.raises(BadRequest, match="'tracking' is of type oracle, and only Postgres is read"):
        open_engine(connection=connection)


@pytest.mark.parametrize(
    ("exception", "action"),
    [
        ("transforms.extract.UnableToExtract", "fail"),
        ("transforms.selection.UnableToSelect", "fail"),
        ("transforms.registry.BrokenDialect", "fail"),
        ("transforms.additions.BadAddition", "fail"),
        ("transforms.assemble.FrameContractBroken", "fail"),
        ("transforms.rules.engine.RuleBroken", "fail"),
        ("kraken_import.tracking.faults.UnableToUseTracking", "fail"),
        ("kraken_import.tracking.installation.OtherInstallation", "fail"),
        ("kraken_import.usecases.holds.UnableToHold", "fail"),
        ("transforms.database.DatabaseInterrupted", "retry"),
        ("kraken_import.usecases.faults.Retryable", "retry"),
    ],
)
def test_what_another_try_cannot_mend_is_not_tried_again(exception: str, action: str) -> None:
    from airflow.sdk.module_loading import import_string

    from kraken_import.airflow.dags.batches import tried_again

    policy = tried_again()["retry_policy"]
    decision = policy.evaluate(import_string(exception)("Why."), try_number=1, max_tries=3)
    assert decision.action.value == action


@pytest.mark.parametrize("dag_id", [*DIALECT_DAGS, *RERUN_DAGS, "control_wave", "reconcile"])
def test_a_task_that_was_killed_is_tried_again_within_a_minute_and_not_for_ever(
    dags: dict[str, Any], dag_id: str
) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    # What the scheduler knows of a task.
    stored = json.loads(json.dumps(DagSerialization.to_dict(dags[dag_id])))
    for task in DagSerialization.from_dict(stored).tasks:
        assert task.has_retry_policy, task.task_id
        assert 30 < task.retries < 100
        assert task.retry_delay == timedelta(seconds=5)
        assert task.retry_exponential_backoff == 2
        assert task.max_retry_delay == timedelta(minutes=1)


def _batch_tasks(dag: Any) -> dict[str, Any]:
    return {name: dag.task_dict[name] for name in ("prepare.build", "prepare.validate", "load.create")}


@pytest.mark.parametrize("dag_id", DIALECT_DAGS + RERUN_DAGS)
def test_without_pools_each_task_has_its_cap_as_no_task_may_name_a_pool_that_is_not_there(
    dags: dict[str, Any], dag_id: str
) -> None:
    assert {task.pool for task in dags[dag_id].tasks} == {"default_pool"}
    assert {task.max_active_tis_per_dag for task in _batch_tasks(dags[dag_id]).values()} == {4}
    assert dags[dag_id].task_dict["load.await"].max_active_tis_per_dag is None


def test_with_pools_the_batches_of_a_dialect_share_one_and_what_waits_keeps_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    from kraken_import.airflow.pools import pools

    monkeypatch.setenv("MIGRATION_POOL", "migration")
    monkeypatch.setenv("MIGRATION_BATCHES_AT_ONCE", "6")
    made = pools(prefix="migration")
    assert {(pool["slots"], pool["include_deferred"]) for pool in made.values()} == {(6, False)}
    bag = DagBag(str(ROOT / "dags"))
    assert not bag.import_errors
    for name in dialect_names():
        for dag in (bag.dags[f"migrate_{name}"], bag.dags[f"rerun_{name}"]):
            assert {task.max_active_tis_per_dag for task in dag.tasks} == {None}
            used = {task_id: task.pool for task_id, task in dag.task_dict.items() if task.pool in made}
            assert used == dict.fromkeys(_batch_tasks(dag), f"migration_{name}")


def test_an_order_comes_before_all_else_and_the_batch_that_is_nearest_to_its_end_first(
    dags: dict[str, Any],
) -> None:
    assert {task.weight_rule for task in dags["migrate_edf_accounts"].tasks} == {"absolute"}
    order = [task.priority_weight for task in _batch_tasks(dags["migrate_edf_accounts"]).values()]
    assert order == sorted(order)
    short = dags["migrate_edf_accounts"].task_dict["summarise"].priority_weight
    assert max(order) < short < dags["control_wave"].tasks[0].priority_weight


def test_a_patience_that_is_not_a_number_is_one_sentence_where_dags_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kraken_import.airflow.dags import dialect_dags
    from kraken_import.airflow.environment import UnableToReadEnvironment

    monkeypatch.setenv("MIGRATION_PATIENCE_MINUTES", "half an hour")
    with pytest.raises(UnableToReadEnvironment, match="whole number from 1 to 1,440, not 'half an hour'"):
        dialect_dags()


def test_create_gives_its_worker_back_while_kraken_wants_no_more(
    monkeypatch: pytest.MonkeyPatch, begin: BeginJourney
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import CreateBatchOperator
    from kraken_import.airflow.triggers import PollTrigger
    from kraken_import.usecases import admission

    # Shorter waits are waited in the worker.
    monkeypatch.setattr(admission, "_LONG", 0.5)
    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="throttle", operation="create", count=1, seconds=2)
    operator = CreateBatchOperator(
        task_id="create",
        batch={"wave_id": wave_id, "batch": 0},
        patience=timedelta(minutes=1),
        connections=ConnectionIds(),
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    trigger = deferred.value.trigger
    assert isinstance(trigger, PollTrigger)
    assert trigger.why == "throttled"
    assert 1 < trigger.hold_back <= 2
    assert trigger.ref == {"wave_id": wave_id, "batch": 0}
    assert deferred.value.method_name == "resume"

    async def events() -> list[Any]:
        return [event async for event in trigger.run()]

    # What was accepted is polled meanwhile.
    (event,) = asyncio.run(events())
    assert set(event.payload) == {"open", "ended"}
    counts = operator.resume({}, event.payload, **deferred.value.kwargs)
    assert "valid" not in counts
    assert set(journey.created().values()) == {1}
    with pytest.raises(UnforeseenFault, match=r"ValueError in .*operators/base.py"):
        operator.resume({}, {}, **deferred.value.kwargs)


def test_await_always_defers_and_passes_a_fault_on() -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import AwaitBatchOperator
    from kraken_import.tracking.faults import UnableToUseTracking
    from kraken_import.usecases.faults import Retryable, SystemicFault

    operator = AwaitBatchOperator(
        task_id="await", batch={"wave_id": 1, "batch": 2}, connections=ConnectionIds()
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({"params": {"await_minutes": 5}})
    assert deferred.value.trigger.ends_task
    with pytest.raises(SystemicFault, match=r"Ask\."):
        operator.resume({}, {"fault": "forbidden", "reason": "Ask."})
    with pytest.raises(UnableToUseTracking, match=r"Upgrade\."):
        operator.resume({}, {"refused": "Upgrade."})
    with pytest.raises(Retryable):
        operator.resume({}, {"gave_up": "OperationalError"})


@pytest.mark.parametrize(
    "conf",
    [
        {"states": ["processed"]},
        {"states": "errored"},
        {"batch": -1},
        {"wave": ""},
        {"identifiers": [""]},
        {"threshold": 2},
        {"not_processed": "yes"},
        {"selection": 0},
        {"selection": "1"},
    ],
)
def test_a_malformed_selection_is_refused_by_the_form(dags: dict[str, Any], conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    dags["rerun_edf_accounts"].params.validate()
    ((name, value),) = conf.items()
    with pytest.raises(ParamValidationError):
        dags["rerun_edf_accounts"].params.get_param(name).resolve(value)


def test_a_rerun_uses_the_connections_of_its_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("KRAKEN_CONN_ID_EDF_ACCOUNTS", "kraken_gb")
    monkeypatch.setenv("LEGACY_WRITEBACK_CONN_ID_EDF_ACCOUNTS", "holds_gb")
    found = DagBag(str(ROOT / "dags")).dags
    for dag_id, kraken, holds in (
        ("rerun_edf_accounts", "kraken_gb", "holds_gb"),
        ("rerun_plenitude_accounts", "kraken", "legacy_writeback"),
    ):
        used = {task.connections for task in found[dag_id].tasks}
        assert {(each.kraken, each.legacy_writeback) for each in used} == {(kraken, holds)}
    polled = {task.connections.kraken: task.dialects for task in found["poll_open"].tasks}
    assert polled["kraken_gb"] == ("edf_accounts",)
    assert "edf_accounts" not in polled["kraken"]
