"""The commands with bad input: one sentence each, exit status 1, nothing started."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg2
import pytest
from sqlalchemy import Engine

from kraken_import.local.__main__ import main
from kraken_import.local.settings import RUN
from tests.conftest import ROOT, StartSimulator, free_port
from tests.integration.tracking.test_schema import wave_of

GUIDE_CUSTOMER = {"DIALECT": "edf_accounts", "ID": "EXTERNAL-1234"}


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ACCOUNTS": "lots"}, "ACCOUNTS must be a whole number from 1"),
        ({"MIGRATION_BATCHES_AT_ONCE": "0"}, "MIGRATION_BATCHES_AT_ONCE must be a whole number from 1"),
        ({"MIGRATION_PATIENCE_MINUTES": "1h"}, "MIGRATION_PATIENCE_MINUTES must be a whole number from 1"),
        ({"MIGRATION_DEADLINE_MINUTES": "0"}, "MIGRATION_DEADLINE_MINUTES must be a whole number from 1"),
        ({"KRAKEN_URL": "http://127.0.0.1:1"}, "KRAKEN_URL needs KRAKEN_TOKEN"),
        ({"KRAKEN_URL": "http://127.0.0.1:1", "KRAKEN_TOKEN": "t"}, "No Kraken answers at KRAKEN_URL=http"),
        ({"KRAKEN_URL": "http://api.example.com", "KRAKEN_TOKEN": "t"}, "http would send the token"),
        ({"LEGACY_DSN": "postgresql://me:hush@127.0.0.1:1/x"}, "No database answers at LEGACY_DSN: "),
        ({"TRACKING_DSN": "postgresql://me:hush@127.0.0.1:1/x"}, "No database answers at TRACKING_DSN: "),
    ],
)
def test_a_system_that_cannot_be_used_is_named_before_anything_starts(
    command: str, variables: dict[str, str], sentence: str
) -> None:
    before = (RUN / "stack.json").exists()
    done = _run(command, **variables)
    _is_one_sentence(done=done, sentence=sentence)
    assert "hush" not in done.stderr
    assert (RUN / "stack.json").exists() == before


def test_a_wrong_token_is_named_before_anything_starts(start_simulator: StartSimulator) -> None:
    simulator = start_simulator()
    done = _run("demo", KRAKEN_URL=simulator.url, KRAKEN_TOKEN="wrong")
    _is_one_sentence(done=done, sentence="does not accept KRAKEN_TOKEN (401)")


def test_no_other_kraken_is_measured() -> None:
    done = _run("bench", KRAKEN_URL="https://api.example.com", KRAKEN_TOKEN="t")
    _is_one_sentence(done=done, sentence="measures the bundled Kraken alone: leave KRAKEN_URL")


def test_a_wave_that_the_disk_cannot_hold_is_not_begun() -> None:
    before = (RUN / "stack.json").exists()
    done = _run("bench", ACCOUNTS="100000000")
    _is_one_sentence(done=done, sentence="and 100,000,000 accounts need 2,204.3 GB of disk")
    assert (RUN / "stack.json").exists() == before


def test_a_server_that_is_not_a_kraken_is_named(start_simulator: StartSimulator) -> None:
    simulator = start_simulator()
    done = _run("up", KRAKEN_URL=f"{simulator.url}/other", KRAKEN_TOKEN=simulator.token)
    _is_one_sentence(done=done, sentence="KRAKEN_URL")


def test_a_wrong_database_password_is_a_sentence_without_it(empty_dsn: str) -> None:
    done = _run("up", TRACKING_DSN=empty_dsn.replace("postgres:", "postgres:guessed", 1))
    _is_one_sentence(done=done, sentence="the login is refused: check the user and the password")
    assert "guessed" not in done.stderr


def test_an_unknown_dialect_is_told_the_known_ones() -> None:
    for command in ("payload", "demo", "bench"):
        done = _run(command, DIALECT="edf", ID="A-1")
        _is_one_sentence(done=done, sentence="edf_accounts")


def test_payload_asks_for_a_dialect_and_for_a_customer() -> None:
    _is_one_sentence(done=_run("payload", ID="A-1"), sentence="DIALECT=")
    _is_one_sentence(done=_run("payload", DIALECT="edf_accounts"), sentence="ID=")
    both = _run("payload", DIALECT="edf_accounts", ID="A-1", LIMIT="3")
    _is_one_sentence(done=both, sentence="ID=")


def test_a_customer_that_does_not_exist_is_named_and_nothing_is_printed(guide_legacy_dsn: str) -> None:
    done = _run("payload", LEGACY_DSN=guide_legacy_dsn, DIALECT="edf_accounts", ID="EXTERNAL-1234,NOBODY-1")
    _is_one_sentence(done=done, sentence="no edf_accounts customer NOBODY-1")


def test_payload_prints_the_body_that_validate_would_be_sent_and_nothing_else(guide_legacy_dsn: str) -> None:
    done = _run_apart("payload", LEGACY_DSN=guide_legacy_dsn, **GUIDE_CUSTOMER)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert list(json.loads(line)) == ["payload"]
    assert json.loads(line)["payload"]["external_account_number"] == "EXTERNAL-1234"


def test_an_order_to_a_wave_that_does_not_exist_is_a_sentence(tracking_dsn: str) -> None:
    for action in ("pause", "resume", "cancel"):
        done = _run(f"wave-{action}", TRACKING_DSN=tracking_dsn, WAVE="pilot")
        _is_one_sentence(done=done, sentence="There is no wave 'pilot'")
    _is_one_sentence(done=_run("wave-pause", TRACKING_DSN=tracking_dsn), sentence="WAVE=12")
    done = _run("purge", TRACKING_DSN=tracking_dsn, WAVE="pilot")
    _is_one_sentence(done=done, sentence="There is no wave 'pilot'")
    _is_one_sentence(done=_run("purge", TRACKING_DSN=tracking_dsn), sentence="WAVE=12")


def test_archiving_says_where_to_and_what_for(tracking_dsn: str, tmp_path: Path) -> None:
    _is_one_sentence(done=_run("archive", TRACKING_DSN=tracking_dsn), sentence="FOLDER=/var/archive/kraken")
    done = _run("archive", TRACKING_DSN=tracking_dsn, FOLDER=str(tmp_path), DAYS="a month")
    _is_one_sentence(done=done, sentence="DAYS=30")
    done = _run("archive", TRACKING_DSN=tracking_dsn, FOLDER=str(tmp_path))
    assert (done.returncode, "Nothing to archive" in done.stdout) == (0, True)


def test_a_tracking_database_without_its_schema_is_a_sentence(empty_dsn: str) -> None:
    for command in ("wave-pause", "crosswalk"):
        done = _run(command, TRACKING_DSN=empty_dsn, WAVE="pilot")
        _is_one_sentence(done=done, sentence="bring it up to date with `kraken-migrate db upgrade`")


def test_stopping_everything_needs_no_stack_and_no_running_wave(tracking_dsn: str) -> None:
    done = _run("stop-all", TRACKING_DSN=tracking_dsn)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing was under way, so nothing had to be stopped")
    _is_one_sentence(
        done=_run("stop-all", TRACKING_DSN=tracking_dsn, KRAKEN="krakn"), sentence="No wave was planned for"
    )


def test_the_airflow_that_holds_a_tracking_database_is_named_and_let_go_of(tracking_dsn: str) -> None:
    connection = psycopg2.connect(tracking_dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO migration.installation (id, name, first_seen_at, seen_at)"
            " VALUES ('one', 'https://airflow.example', now(), now())"
        )
    connection.close()
    assert _run("take-over", TRACKING_DSN=tracking_dsn).stdout.startswith(
        "https://airflow.example, last seen at"
    )
    again = _run("take-over", TRACKING_DSN=tracking_dsn)
    assert "No Airflow holds the tracking database" in again.stdout


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "Say of which wave the records are"),
        ({"WAVE": "pilot"}, "Say which records to decide about"),
        ({"WAVE": "pilot", "ID": "A-1,A-2"}, "Say what is so: there when Kraken has these records"),
        ({"WAVE": "pilot", "ID": "A-1", "ANSWER": "there"}, "a decision needs a reason"),
        ({"WAVE": "pilot", "ID": "A-1", "ANSWER": "there", "REASON": "Seen."}, "There is no wave 'pilot'"),
    ],
)
def test_a_decision_that_is_not_said_in_full_is_a_sentence(
    tracking_dsn: str, variables: dict[str, str], sentence: str
) -> None:
    kraken = {"KRAKEN_URL": "http://127.0.0.1:1", "KRAKEN_TOKEN": "t"}
    _is_one_sentence(done=_run("decide", TRACKING_DSN=tracking_dsn, **kraken, **variables), sentence=sentence)


def test_a_decision_beside_any_stack_needs_the_kraken_that_is_asked_first(tracking_dsn: str) -> None:
    done = _run("decide", TRACKING_DSN=tracking_dsn, WAVE="pilot", ID="A-1", ANSWER="there", REASON="Seen.")
    _is_one_sentence(done=done, sentence="KRAKEN_URL=https://… KRAKEN_TOKEN=…")


def test_diff_asks_for_one_customer(tracking_dsn: str, guide_legacy_dsn: str) -> None:
    databases = {"TRACKING_DSN": tracking_dsn, "LEGACY_DSN": guide_legacy_dsn}
    _is_one_sentence(done=_run("diff", DIALECT="edf_accounts", **databases), sentence="one customer")
    nobody = _run("diff", DIALECT="edf_accounts", ID="NOBODY-1", **databases)
    _is_one_sentence(done=nobody, sentence="no edf_accounts customer NOBODY-1")


def test_a_legacy_database_that_the_sql_does_not_fit_is_named(empty_dsn: str) -> None:
    done = _run("payload", LEGACY_DSN=empty_dsn, **GUIDE_CUSTOMER)
    _is_one_sentence(done=done, sentence="edf_accounts cannot be read from the database at LEGACY_DSN: ")
    assert "sql/extract/edf_accounts/candidates.sql, line " in done.stderr
    assert "make legacy" not in done.stderr


def test_a_tracking_database_that_may_not_be_changed_is_a_sentence(empty_dsn: str) -> None:
    read_only = f"{empty_dsn}?options=-cdefault_transaction_read_only%3Don"
    done = _run("migrate", TRACKING_DSN=read_only)
    _is_one_sentence(done=done, sentence="could not be brought up to date (SQLSTATE 25006, read")


def test_an_unknown_command_lists_the_commands() -> None:
    done = _run_apart("uup")
    assert done.returncode == 2
    assert "up|down|demo" in done.stderr


def test_a_busy_port_is_named_by_make_simulator(start_simulator: StartSimulator) -> None:
    port = free_port()
    start_simulator(port=port)
    done = _run_apart("simulator", PORT_BASE=str(port - 1))
    _is_one_sentence(done=done, sentence=f"Port {port} (the stand-in Kraken) is in use")


@pytest.mark.parametrize(
    ("command", "variables", "sentence"),
    [
        ("rerun", {}, "Say what to rerun: WAVE=12"),
        ("rerun", {"WAVE": "1", "BATCH": "first"}, "BATCH must be the number of a batch"),
        ("crosswalk", {}, "Say which wave"),
        ("own", {"WAVE": "1"}, "Say who sees to it: OWNER="),
        ("own", {"OWNER": "Ann"}, "WAVE=12, or KIND=difference for what no wave has"),
        ("own", {"OWNER": "Ann", "KIND": "difference", "DIALECT": "edf"}, "the dialects are edf_accounts"),
        (
            "wave-close",
            {"WAVE": "1", "TRACKING_DSN": "postgresql://me:hush@127.0.0.1:1/x"},
            "No database answers",
        ),
    ],
)
def test_what_comes_after_a_wave_needs_to_be_told_what(
    command: str, variables: dict[str, str], sentence: str
) -> None:
    _is_one_sentence(done=_run(command, **variables), sentence=sentence)


def test_the_crosswalk_of_an_unknown_wave_is_a_sentence_beside_any_airflow(tracking_dsn: str) -> None:
    done = _run("crosswalk", WAVE="pilot", TRACKING_DSN=tracking_dsn)
    _is_one_sentence(done=done, sentence="There is no wave 'pilot'.")
    done = _run("wave-close", WAVE="pilot", TRACKING_DSN=tracking_dsn)
    _is_one_sentence(done=done, sentence="There is no wave 'pilot'.")


def test_a_parked_customer_is_listed_as_undecided_and_not_as_handed_back(
    tracking_dsn: str, tracking_engine: Engine
) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'parked', parked_from = 'created', attempt = 1, "
            "payload_hash = '', payload_bytes = 2 "
            "WHERE external_identifier = 'run-0'"
        )
    done = _run("crosswalk", WAVE="run", TRACKING_DSN=tracking_dsn)
    assert "0 customers are in Kraken; 2 are handed back, 2 of them without an owner" in done.stdout
    assert "; 1 are undecided, 1 of them parked." in done.stdout
    folder = RUN / "reports" / f"wave-{wave_id}"
    assert "run-0" not in (folder / "hand-back.csv").read_text()
    assert "run-0,X,parked,," in (folder / "undecided.csv").read_text()


def test_what_no_wave_has_is_listed_and_owned_by_command(tracking_dsn: str) -> None:
    with psycopg2.connect(tracking_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO migration.reconciliation_difference "
            "(target_kraken, import_supplier, resource, kind, external_identifier, ours, theirs, found_at, "
            "seen_at) "
            "VALUES ('https://kraken:443', 'X', 'accounts', 'unknown_here', 'A-1', 'unknown', 'imported', "
            "now(), now())"
        )
    connection.close()
    mine = {
        "OWNER": "Ann",
        "KIND": "difference",
        "CODE": "unknown_here",
        "NOTE": "by hand",
        "TRACKING_DSN": tracking_dsn,
    }
    owned = _run("own", **mine)
    assert (owned.returncode, owned.stdout) == (0, "Ann sees to 1 entries that no wave has.\n"), owned.stderr
    _is_one_sentence(done=_run("own", **mine), sentence="No matching leftover lacks an owner")
    listed = _run("differences", TRACKING_DSN=tracking_dsn)
    assert "no wave, unknown_here: 1, 0 without an owner" in listed.stdout, listed.stderr
    assert ",A-1,,,,unknown,imported,," in (RUN / "reports" / "differences.csv").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def _is_one_sentence(*, done: Done, sentence: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def _run(command: str, **variables: str) -> Done:
    """Run a command in this process, whose libraries are loaded already."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, _environment(**variables), clear=True),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        status = main([command])
    return Done(returncode=status, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def _run_apart(command: str, **variables: str) -> Done:
    """Run a command in a process of its own, as `make` does."""
    done = subprocess.run(
        [sys.executable, "-m", "kraken_import.local", command],
        cwd=ROOT,
        env=_environment(PYTHONPATH=f"{ROOT}:{ROOT / 'plugins'}", **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Done(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)


def _environment(**variables: str) -> dict[str, str]:
    known = ("ACCOUNTS", "SEED", "PORT_BASE", "DIALECT", "ID", "LIMIT", "REASON", "LIVE", "KRAKEN")
    known += (
        "WAVE",
        "BATCH",
        "STATE",
        "CODE",
        "ERROR_PATH",
        "NOT_PROCESSED",
        "OWNER",
        "KIND",
        "NOTE",
        "ANSWER",
    )
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in known and not name.startswith(("KRAKEN_", "LEGACY_", "TRACKING_"))
    }
    return {**inherited, **variables}
