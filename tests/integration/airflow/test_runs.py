"""Waves through a real Airflow: both colours of a run, a stop, and what must never stand in a log."""

from __future__ import annotations

import json

import jsonschema
import pytest
import requests

from kraken_import.airflow.provider import get_provider_info
from kraken_import.local.data import engine_of
from proofs import books
from proofs.chaos.kills import kill_task, running_tasks
from proofs.chaos.plan import Victim
from proofs.chaos.verdict import judge
from tests.checkouts import login
from tests.command_lines import Run, command_line
from tests.stacks import DAG, ENDS, Stack

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("stack")]


def test_a_run_is_green_red_or_stopped_as_its_records_are(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    green = stack.start(limit=100, batch_size=50).json()["dag_run_id"]
    red = _fails_on_the_command_line(stack, command_line(monkeypatch=monkeypatch, folder=stack.folder))
    assert stack.finish(green) == "success"
    outcomes = {
        row.run_id: row
        for row in stack.rows(
            "TRACKING_DSN", "SELECT run_id, outcome, outcome_reason, claimed FROM migration.wave"
        )
    }
    assert (outcomes[green].outcome, outcomes[red].outcome) == ("succeeded", "failed")
    assert "more than the threshold of 0.0%" in outcomes[red].outcome_reason
    assert outcomes[green].claimed == outcomes[red].claimed == 100
    assert set(stack.created().values()) == {1}

    # A wrong token stops a wave before anything is created; with a right one, clearing the run goes on.
    before = stack.created()
    stack.set_token("wrong")
    stopped = stack.start(limit=20).json()["dag_run_id"]
    assert stack.finish(stopped) == "failed"
    assert stack.created() == before
    ((code, reason),) = stack.rows(
        "TRACKING_DSN", f"SELECT stop_code, stop_reason FROM migration.wave WHERE run_id = '{stopped}'"
    )
    assert code == "unauthorised"
    assert "put a valid token into it" in reason
    stack.set_token(stack.values["KRAKEN_TOKEN"])
    cleared = stack.api(
        "POST", f"/dags/{DAG}/dagRuns/{stopped}/clear", {"dry_run": False, "only_failed": False}
    )
    assert cleared.ok, cleared.text
    stack.until(lambda: stack.api("GET", f"/dags/{DAG}/dagRuns/{stopped}").json()["state"] not in ENDS)
    assert stack.finish(stopped) == "success"
    assert len(stack.created()) > len(before)
    assert set(stack.created().values()) == {1}

    _nothing_personal_or_secret_is_in_logs_and_xcoms(stack)


def _fails_on_the_command_line(stack: Stack, run: Run) -> str:
    """Start a live wave that must fail, beside the stack. Returns its run."""
    wave = ("wave", "run", "edf_accounts", "--limit", "100", "--live")
    unknown = run(*wave, "--set", "treshold=0")
    assert (unknown.exit_code, "has no parameter treshold" in unknown.stderr) == (2, True), unknown.output
    assert stack.api("PATCH", "/dags/migrate_plenitude_accounts", {"is_paused": True}).ok
    paused = run("wave", "run", "plenitude_accounts", "--limit", "1")
    assert (paused.exit_code, "is paused in Airflow" in paused.stderr) == (1, True), paused.output
    wrong = run(*wave, "--set", "batch_size=0")
    assert (wrong.exit_code, "Airflow refused" in wrong.stderr) == (1, True), wrong.output
    well = run("doctor")
    assert (well.exit_code, "triggerer" in well.stdout) == (0, True), well.output
    failed = run(*wave, "--set", "threshold=0", "--wait")
    assert (failed.exit_code, "more than the threshold" in failed.stderr) == (1, True), failed.output
    return failed.stdout.partition(", run ")[2].partition(";")[0]


def test_a_task_that_is_killed_while_it_creates_loses_nothing_and_doubles_nothing(stack: Stack) -> None:
    url = stack.values["KRAKEN_URL"]
    before = books.created(kraken_url=url)
    slow = {"kind": "slow", "operation": "create", "seconds": 5}
    requests.post(f"{url}/simulator/faults", json=slow, timeout=30).raise_for_status()
    run_id = stack.start(limit=12, threshold=1).json()["dag_run_id"]
    known = json.loads((stack.folder / ".run" / "stack.json").read_text())["components"]
    (scheduler,) = [each["pid"] for each in known if each["name"] == "scheduler"]
    try:
        # All that the task intends, Kraken has accepted, and the task has no answer to it yet.
        creating = "SELECT count(*) FROM migration.import_process WHERE state = 'creating'"
        stack.until(
            lambda: (
                0
                < stack.rows("TRACKING_DSN", creating)[0][0]
                <= len(books.created(kraken_url=url)) - len(before)
            )
        )
        with engine_of(dsn=stack.values["AIRFLOW_DSN"]) as airflow:
            tasks = running_tasks(airflow=airflow, run_id=run_id, scheduler=scheduler)
        assert [str(each) for each in tasks] == ["load.create[0]"]
        kill_task(victim=Victim.TASK, tasks=tasks, choice=0)
    finally:
        requests.delete(f"{url}/simulator/faults", timeout=30).raise_for_status()
    assert stack.finish(run_id) == "success"
    ((wave_id, claimed),) = stack.rows(
        "TRACKING_DSN", f"SELECT id, claimed FROM migration.wave WHERE run_id = '{run_id}'"
    )
    with engine_of(dsn=stack.values["TRACKING_DSN"]) as tracking:
        tracked = books.tracked(tracking=tracking, wave_id=wave_id)
    ledger = books.ledger(kraken_url=url)
    found = judge(tracked=tracked, ledger=ledger, before=before, claimed=claimed, unexpected=[])
    assert (claimed, found.faults) == (12, ())


def test_a_viewer_may_neither_start_a_wave_nor_control_one(stack: Stack) -> None:
    viewer = login(values=stack.values, user="AIRFLOW_VIEWER")
    for dag_id in (DAG, "control_wave"):
        answer = requests.post(
            f"{stack.values['AIRFLOW_URL']}/api/v2/dags/{dag_id}/dagRuns",
            json={"logical_date": None, "conf": {"wave": "1"}},
            headers=viewer,
            timeout=60,
        )
        assert answer.status_code == 403


def test_the_connection_is_shown_in_its_form_as_it_is_stored(stack: Stack) -> None:
    (connection_type,) = get_provider_info()["connection-types"]
    extra = json.loads(stack.api("GET", "/connections/kraken").json()["extra"])
    assert {"envelope", "import_suppliers", "visibility_window"} <= set(extra)
    for name, value in extra.items():
        jsonschema.validate(value, connection_type["conn-fields"][name]["schema"])


def test_a_malformed_parameter_is_refused_before_anything_runs(stack: Stack) -> None:
    answer = stack.start(limit=-3)
    assert answer.status_code == 400
    assert "limit" in answer.text


def test_a_wave_of_a_customer_that_does_not_exist_fails_with_one_sentence(stack: Stack) -> None:
    before = stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.wave")
    run_id = stack.start(identifiers=["NOBODY"]).json()["dag_run_id"]
    assert stack.finish(run_id) == "failed"
    folder = stack.folder / ".run" / "airflow" / "logs" / f"dag_id={DAG}" / f"run_id={run_id}"
    said = "".join(path.read_text() for path in folder.rglob("*plan*/*.log"))
    assert "has no edf_accounts customer NOBODY" in said
    assert stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.wave") == before


def _nothing_personal_or_secret_is_in_logs_and_xcoms(stack: Stack) -> None:
    personal = {
        row[0].strip()
        for statement in (
            "SELECT value FROM legacy.party_contact WHERE party_id BETWEEN 1 AND 500",
            "SELECT DISTINCT billing_name FROM legacy.account WHERE account_id BETWEEN 1 AND 250",
            "SELECT line1 FROM legacy.address WHERE address_id BETWEEN 1 AND 250",
            "SELECT identifier FROM legacy.supply_point WHERE premise_id BETWEEN 1 AND 250",
        )
        for row in stack.rows("LEGACY_DSN", statement)
    }
    assert len(personal) > 1_000
    kept = [path.read_text(errors="replace") for path in (stack.folder / ".run").rglob("*.log")]
    kept += [str(row) for row in stack.rows("AIRFLOW_DSN", "SELECT value FROM xcom")]
    kept += [
        str(row)
        for row in stack.rows("AIRFLOW_DSN", "SELECT rendered_fields FROM rendered_task_instance_fields")
    ]
    said = "\n".join(kept)
    assert len(said) > 10_000
    assert not [value for value in personal if value in said]
    assert stack.values["KRAKEN_TOKEN"] not in said
