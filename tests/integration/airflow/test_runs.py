"""Waves through a real Airflow: both colours of a run, a stop, and what must never stand in a log."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import psutil
import pytest
import requests

from kraken_import.airflow.provider import get_provider_info
from kraken_import.cli.airflow_api import Airflow
from kraken_import.local.data import engine_of
from proofs import books
from proofs.chaos.kills import kill_task, running_tasks
from proofs.chaos.plan import Victim
from proofs.chaos.verdict import judge
from tests.checkouts import login
from tests.command_lines import Run, command_line, is_refused
from tests.marks import Marked, mark, marks_in
from tests.stacks import DAG, TOLD, Stack

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400), pytest.mark.xdist_group("stack")]


def test_a_run_is_green_red_or_stopped_as_its_records_are(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = command_line(monkeypatch=monkeypatch, folder=stack.folder)
    marked = _runs_of_marked_customers(stack)
    green = stack.start(limit=100, batch_size=50).json()["dag_run_id"]
    red = _fails_on_the_command_line(stack, run)
    _no_secret_is_an_argument_of_a_process(stack)
    assert stack.finish(green) == "success"
    outcomes = {
        row.run_id: row
        for row in stack.rows(
            "TRACKING_DSN", "SELECT run_id, outcome, outcome_reason, claimed FROM migration.wave"
        )
    }
    assert (outcomes[green].outcome, outcomes[red].outcome) == ("succeeded", "failed")
    assert "more than the threshold of 0.0%" in outcomes[red].outcome_reason
    _marked_customers_ended_in_each_way(stack, marked)
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
    cleared = run("wave", "clear", stopped, "--wait")
    assert (cleared.exit_code, "The run has succeeded." in cleared.stdout) == (0, True), cleared.output
    assert f"Cleared {DAG}, run {stopped}: " in cleared.stdout
    again = run("wave", "clear", stopped, "--failed-tasks")
    assert (again.exit_code, "nothing was cleared" in again.stdout) == (0, True), again.output
    assert len(stack.created()) > len(before)
    assert set(stack.created().values()) == {1}
    for table in ("payload", "answer"):
        first = f"SELECT DISTINCT get_byte(body, 0) FROM migration.{table} WHERE body IS NOT NULL"
        assert stack.rows("TRACKING_DSN", first) == [(1,)]

    _nothing_personal_or_secret_is_in_logs_and_xcoms(stack)
    _no_mark_stands_anywhere(stack)


DATABASES = ("AIRFLOW", "LEGACY", "LEGACY_OWNER", "TRACKING", "TRACKING_OWNER")
MARKED_AFTER = "GB-000000500"
"""Customers that no other test's wave comes to."""


def _runs_of_marked_customers(stack: Stack) -> tuple[str, str]:
    """Start a wave about which Kraken repeats what it was sent, and one that the database refuses so."""
    marked = _marked(stack, customers=20)
    accounts = list(marked)
    for account, fault in zip(
        accounts,
        itertools.cycle(
            (
                {"kind": "error", "operation": "validate", "status": 400},
                {"kind": "error", "operation": "create", "status": 500, "count": 1},
                {"kind": "unknown_status", "status": "ERRORED"},
            )
        ),
    ):
        _repeat_in_an_answer(stack, marked[account], account=account, **fault)
    with engine_of(dsn=stack.values["TRACKING_OWNER_DSN"]) as tracking, tracking.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION migration.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT FROM migration.import_process WHERE id = NEW.import_process_id AND "
            f"external_identifier = '{accounts[-1]}') THEN "
            f"PERFORM CAST('{marked[accounts[-1]].family}' AS integer); END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON migration.import_attempt "
            "FOR EACH ROW EXECUTE FUNCTION migration.refuse()"
        )
    return (
        stack.start(identifiers=accounts[:-1], threshold=1).json()["dag_run_id"],
        stack.start(identifiers=accounts[-1:]).json()["dag_run_id"],
    )


def _repeat_in_an_answer(stack: Stack, marked: Marked, *, account: str, **fault: Any) -> None:
    """Have the stand-in repeat what is personal of a customer in a faulty answer."""
    fault = {**fault, "keys": [account], "words": marked.echo}
    url = f"{stack.values['KRAKEN_URL']}/simulator/faults"
    requests.post(url, json=fault, timeout=30).raise_for_status()


def _marked(stack: Stack, *, customers: int, behind: int = 0) -> dict[str, Marked]:
    """Mark so many customers, behind those that are marked already. Returns the marks by account."""
    with engine_of(dsn=stack.values["LEGACY_OWNER_DSN"]) as legacy, legacy.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT account_number FROM legacy.account WHERE market = 'GB' AND data_origin = 'GEN' "
            f"AND account_number > '{MARKED_AFTER}' ORDER BY account_number LIMIT {customers} OFFSET {behind}"
        )
        return mark(accounts=found.scalars().all(), change=connection.exec_driver_sql, first=behind + 1)


def _marked_customers_ended_in_each_way(stack: Stack, runs: tuple[str, str]) -> None:
    echoed, refused = runs
    assert (stack.finish(echoed), stack.finish(refused)) == ("success", "failed")
    requests.delete(f"{stack.values['KRAKEN_URL']}/simulator/faults", timeout=30).raise_for_status()
    with engine_of(dsn=stack.values["TRACKING_OWNER_DSN"]) as tracking, tracking.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION migration.refuse() CASCADE")
    states = stack.rows(
        "TRACKING_DSN",
        "SELECT DISTINCT state FROM migration.import_process JOIN migration.wave ON wave.id = wave_id "
        f"WHERE run_id = '{echoed}'",
    )
    assert {"processed", "invalid", "errored"} <= {row.state for row in states}
    said = "".join(path.read_text() for path in _logs(stack, refused).rglob("*.log"))
    assert "SQLSTATE 22P02, invalid text representation" in said


def _no_secret_is_an_argument_of_a_process(stack: Stack) -> None:
    known = json.loads((stack.folder / ".run" / "secrets.json").read_text())
    secrets = {*known.values(), *(urlsplit(stack.values[f"{name}_DSN"]).password for name in DATABASES)}
    seen = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    assert [line for line in seen if "kraken_import.simulator" in line]
    assert [line for line in seen if "airflow" in line]
    assert [line for line in seen for secret in secrets if secret and secret in line] == []


def _no_mark_stands_anywhere(stack: Stack) -> None:
    home = stack.folder / ".run"
    written = [path for path in home.rglob("*") if home / "postgres" not in (path, *path.parents)]
    open_to_others = {path for path in written if path.stat().st_mode & 0o077} - {home / "stack.lock"}
    assert not open_to_others, sorted(open_to_others)[:10]
    for path in written:
        if path.is_file():
            assert marks_in(text=path.read_text(errors="replace")) == set(), path
    for dsn, schema in (("AIRFLOW_DSN", "public"), ("TRACKING_OWNER_DSN", "migration")):
        tables = stack.rows(
            dsn,
            "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            f"AND table_schema = '{schema}' AND table_name !~ '^(payload|answer)(_|$)'",
        )
        for (table,) in tables:
            said = str(stack.rows(dsn, f'SELECT CAST(each AS text) FROM "{schema}"."{table}" AS each'))
            assert marks_in(text=said) == set(), table
            assert stack.values["KRAKEN_TOKEN"] not in said, table


def _fails_on_the_command_line(stack: Stack, run: Run) -> str:
    """Start a live wave that must fail, beside the stack. Returns its run."""
    wave = ("wave", "run", "edf_accounts", "--limit", "100", "--live")
    unknown = run(*wave, "--set", "treshold=0")
    is_refused(unknown, 2, "has no parameter treshold: is threshold meant?")
    assert stack.api("PATCH", "/dags/migrate_plenitude_accounts", {"is_paused": True}).ok
    paused = run("wave", "run", "plenitude_accounts", "--limit", "1")
    assert (paused.exit_code, "is paused in Airflow" in paused.stderr) == (1, True), paused.output
    wrong = run(*wave, "--set", "batch_size=0")
    is_refused(wrong, 1, "batch_size: 0 is less than the minimum of 1")
    well = run("doctor")
    assert (well.exit_code, "triggerer" in well.stdout) == (0, True), well.output
    assert "new waves are sealed" in well.stdout
    failed = run(*wave, "--name", "from a shell", "--set", "threshold=0", "--wait")
    assert (failed.exit_code, "more than the threshold" in failed.stderr) == (1, True), failed.output
    started = failed.stdout.partition(", run ")[2].partition(";")[0]
    assert started.startswith("live-from-a-shell-")
    taken = run(*wave, "--name", "from a shell")
    is_refused(taken, 1, "has this name already: choose another one by --name, or leave it out.")
    # What was wrong is wrong still: the rerun is green, and says who refused it.
    again = run("rerun", "--wave", "from a shell", "--state", "rejected", "--wait", "--folder", "lists")
    assert (again.exit_code, "The run has succeeded." in again.stdout) == (5, True), again.output
    assert " records mended; " in again.stdout
    assert "still not through (rejected by our build: " in again.stdout
    (listed,) = (stack.folder / "lists").glob("rerun-*.csv")
    assert (listed.stat().st_mode & 0o777, listed.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert str(listed.relative_to(stack.folder)) in again.stdout
    return started


def test_a_task_that_is_killed_while_it_creates_loses_doubles_and_tells_nothing(stack: Stack) -> None:
    url = stack.values["KRAKEN_URL"]
    before = books.created(kraken_url=url)
    slow = {"kind": "slow", "operation": "create", "seconds": 5}
    requests.post(f"{url}/simulator/faults", json=slow, timeout=30).raise_for_status()
    marked = _marked(stack, customers=12, behind=20)
    refused, errored, *_ = marked
    _repeat_in_an_answer(
        stack, marked[refused], account=refused, kind="error", operation="validate", status=400
    )
    run_id = stack.start(identifiers=list(marked), threshold=1).json()["dag_run_id"]
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
    _repeat_in_an_answer(stack, marked[errored], account=errored, kind="unknown_status", status="ERRORED")
    assert stack.finish(run_id) == "success"
    requests.delete(f"{url}/simulator/faults", timeout=30).raise_for_status()
    ((wave_id, claimed),) = stack.rows(
        "TRACKING_DSN", f"SELECT id, claimed FROM migration.wave WHERE run_id = '{run_id}'"
    )
    with engine_of(dsn=stack.values["TRACKING_OWNER_DSN"]) as tracking:
        tracked = books.tracked(tracking=tracking, wave_id=wave_id)
    ledger = books.ledger(kraken_url=url)
    found = judge(tracked=tracked, ledger=ledger, before=before, claimed=claimed, unexpected=[])
    assert (claimed, found.faults) == (12, ())
    assert {"processed", "invalid", "errored"} <= {record.state for record in tracked}
    told = [line for line in (stack.folder / TOLD).read_text().splitlines() if f"wave_id': {wave_id}" in line]
    assert len(told) >= 2, told
    _no_mark_stands_anywhere(stack)


def test_what_is_kept_for_too_long_goes_but_for_a_wave_under_a_hold(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = command_line(monkeypatch=monkeypatch, folder=stack.folder)
    wave = {"limit": 5, "dry_run": True, "threshold": 1}
    runs = [stack.start(**wave).json()["dag_run_id"] for _ in ("over", "held", "young")]
    assert {stack.finish(each) for each in runs} == {"success"}
    known = stack.rows("TRACKING_DSN", "SELECT run_id, id FROM migration.wave")
    over, held, young = (dict(row[:] for row in known)[each] for each in runs)
    kept = run("hold", "add", "--wave", str(held), "--reason", "Asked for by the court")
    assert kept.exit_code == 0, kept.output
    with engine_of(dsn=stack.values["TRACKING_OWNER_DSN"]) as tracking, tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET started_at = started_at - interval '91 days', "
            f"finished_at = finished_at - interval '91 days' WHERE id IN ({over}, {held})"
        )
    before = {wave_id: _payloads_of(stack, wave_id) for wave_id in (over, held, young)}
    assert all(before.values())
    stack.unpause("retain")
    morning = stack.trigger("retain")
    assert stack.finish(morning, dag="retain") == "success"
    assert {wave_id: _payloads_of(stack, wave_id) for wave_id in before} == before | {over: 0}
    reports = stack.folder / ".run" / "reports" / DAG
    assert {each: (reports / f"wave-{each}").exists() for each in before} == {
        over: False,
        held: True,
        young: True,
    }
    purged = stack.rows("TRACKING_DSN", "SELECT wave_id, ordered_by FROM migration.wave_purge")
    assert [tuple(row) for row in purged] == [(over, "retention")]

    (log,) = _logs(stack, morning, dag="retain").rglob("*.log")
    said = log.read_text()
    assert "Deleted: payloads 1, reports 1. Waves that a legal hold keeps: 1." in said
    identifiers = stack.rows(
        "TRACKING_DSN", "SELECT DISTINCT external_identifier FROM migration.import_process"
    )
    told = said + str(stack.rows("AIRFLOW_DSN", "SELECT value FROM xcom WHERE dag_id = 'retain'"))
    assert [each for (each,) in identifiers if each in told] == []


def _payloads_of(stack: Stack, wave_id: int) -> int:
    return int(
        stack.rows("TRACKING_DSN", f"SELECT count(*) FROM migration.payload WHERE wave_id = {wave_id}")[0][0]
    )


def test_a_viewer_may_neither_start_a_wave_nor_control_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = command_line(monkeypatch=monkeypatch, folder=stack.folder)
    airflow = {"AIRFLOW_URL": stack.values["AIRFLOW_URL"]}
    is_refused(run("reconcile", **airflow, AIRFLOW_TOKEN="junk"), 3, "does not accept the login (403)")
    logged_in = {name: stack.values[f"AIRFLOW_VIEWER_{name}"] for name in ("USER", "PASSWORD")}
    may_not = run("reconcile", **airflow, **{f"AIRFLOW_{name}": value for name, value in logged_in.items()})
    is_refused(may_not, 1, "this login may not do it: use one that may trigger the DAG")
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
    said = "".join(path.read_text() for path in _logs(stack, run_id).rglob("*plan*/*.log"))
    assert "has no edf_accounts customer NOBODY" in said
    assert stack.rows("TRACKING_DSN", "SELECT count(*) FROM migration.wave") == before
    _a_run_that_names_the_customer_is_found_and_deleted(stack, run_id)


def _a_run_that_names_the_customer_is_found_and_deleted(stack: Stack, run_id: str) -> None:
    api = Airflow(
        address=stack.values["AIRFLOW_URL"],
        user=stack.values["AIRFLOW_USER"],
        password=stack.values["AIRFLOW_PASSWORD"],
    )
    (run,) = api.runs_naming(identifier="NOBODY")
    assert (run.dag_id, run.run_id, run.has_ended, run.others) == (DAG, run_id, True, 0)
    assert run_id not in repr(run)
    api.delete_run(run=run)
    assert api.runs_naming(identifier="NOBODY") == []
    api.close()


def _logs(stack: Stack, run_id: str, *, dag: str = DAG) -> Path:
    return stack.folder / ".run" / "airflow" / "logs" / f"dag_id={dag}" / f"run_id={run_id}"


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
    assert stack.values["WAVE_KEYS"] not in said
