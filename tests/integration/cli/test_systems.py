"""`kraken-migrate` and systems beside the tracking database: the legacy system, Kraken, Airflow, files."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import make_url

from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from tests.certificates import self_signed
from tests.command_lines import KRAKEN, Run, done, is_refused
from tests.conftest import StartSimulator, free_port
from tests.wave_keys import FIRST
from tests.wires import tls_relay


def test_a_payload_is_printed_as_it_would_be_sent(bare: Run, guide_legacy_dsn: str) -> None:
    place = {"LEGACY_DSN": guide_legacy_dsn}
    printed = bare("payload", "edf_accounts", "EXTERNAL-1234", **place)
    assert json.loads(done(printed))["payload"]["external_account_number"] == "EXTERNAL-1234"
    assert "Built with the defaults of edf_accounts: nothing says where Kraken is" in printed.stderr
    bare_ones = json.dumps(
        {"conn_type": "kraken", "host": "https://k.example", "password": "t", "extra": {"envelope": "bare"}}
    )
    of_connection = bare("payload", "edf_accounts", "EXTERNAL-1234", AIRFLOW_CONN_KRAKEN=bare_ones, **place)
    assert json.loads(done(of_connection))["external_account_number"] == "EXTERNAL-1234"
    nobody = bare("payload", "edf_accounts", "--limit", "1", AIRFLOW_CONN_KRAKEN=bare_ones, **place)
    is_refused(nobody, 1, "The legacy database has no customer of edf_accounts: ")
    kraken = {**place, **KRAKEN, "KRAKEN_URL": "https://k.example"}
    unknown = bare("payload", "edf_accounts", "EXTERNAL-1234", "NOBODY-1", **kraken)
    is_refused(unknown, 1, "The legacy database has no edf_accounts customer NOBODY-1")
    is_refused(bare("payload", "edf_accounts", **kraken), 2, "Say whose payload to print")
    is_refused(bare("payload", "edf", "A-1", **kraken), 2, "There is no dialect 'edf'")


def test_a_payload_is_compared_with_what_was_sent(run: Run, guide_legacy_dsn: str) -> None:
    place = {"LEGACY_DSN": guide_legacy_dsn, "KRAKEN_URL": "https://k.example", "KRAKEN_TOKEN": "t"}
    said = done(run("diff", "edf_accounts", "EXTERNAL-1234", **place))
    assert "There is no payload of a rehearsal of EXTERNAL-1234." in said
    is_refused(run("diff", "edf_accounts", "NOBODY-1", **place), 1, "no edf_accounts customer NOBODY-1")


def test_customers_are_checked_without_any_call(
    bare: Run, legacy_dsn: str, tracking_dsn: str, empty_dsn: str, tmp_path: Path
) -> None:
    place = {"LEGACY_DSN": legacy_dsn, "KRAKEN_URL": "https://k.example", "KRAKEN_TOKEN": "t"}
    said = done(bare("preflight", "edf_accounts", "--customers", "5", **place))
    assert said.startswith("edf_accounts: 5 customers checked in ")
    assert (tmp_path / "preflight" / "edf_accounts.html").is_file()
    told = done(
        bare("preflight", "edf_accounts", "--customers", "5", "--json", TRACKING_DSN=tracking_dsn, **place)
    )
    assert json.loads(told)["customers"] == 5
    with psycopg2.connect(tracking_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT dialect, customers, checked_by FROM migration.preflight")
        assert cursor.fetchall() == [("edf_accounts", 5, getpass.getuser())]
    without_schema = bare("preflight", "edf_accounts", "--customers", "1", TRACKING_DSN=empty_dsn, **place)
    is_refused(without_schema, 4, "has no schema of the pipeline")
    nobody = bare("preflight", "essential_supply_points_cdns", **{**place, "LEGACY_DSN": empty_dsn})
    assert nobody.exit_code == 1


def test_what_runs_in_airflow_needs_an_airflow_that_answers(run: Run, wave_id: int) -> None:
    nowhere = {
        "AIRFLOW_URL": f"http://127.0.0.1:{free_port()}",
        "AIRFLOW_USER": "ann",
        "AIRFLOW_PASSWORD": "p",
    }
    for command in (
        ("wave", "run", "edf_accounts", "--limit", "1"),
        ("rerun", "--wave", "run", "--state", "rejected"),
        ("rerun", "--not-processed", "--dialect", "edf_accounts"),
        ("reconcile", "--wave", "run"),
    ):
        is_refused(run(*command, **nowhere), 3, "Airflow does not answer at http://127.0.0.1:")
    is_refused(run("rerun", "--wave", "run", "--state", "done", **nowhere), 1, "done")
    is_refused(run("rerun", "--not-processed", **nowhere), 2, "Say of which dialect by --dialect")


def test_the_report_of_a_wave_is_written_as_it_stands(run: Run, wave_id: int, tmp_path: Path) -> None:
    assert f"The report of wave {wave_id} 'run':" in done(run("report", "run"))
    assert (tmp_path / f"wave-{wave_id}" / "index.html").is_file()
    files = json.loads(done(run("report", "run", "--folder", "out", "--json")))["files"]
    assert f"out/wave-{wave_id}/index.html" in files


def test_the_doctor_says_of_each_system_what_to_do(
    bare: Run,
    run: Run,
    guide_legacy_dsn: str,
    tracking_superuser_dsn: str,
    empty_dsn: str,
    start_simulator: StartSimulator,
) -> None:
    simulator = start_simulator()
    kraken = {"KRAKEN_URL": simulator.url, "KRAKEN_TOKEN": simulator.token}
    found = json.loads(done(run("doctor", "--json", LEGACY_DSN=guide_legacy_dsn, **kraken)))
    assert {each["what"]: each["verdict"] for each in found} == {
        "package": "well",
        "project": "not said",
        "tracking database": "well",
        "tracking schema": "well",
        "clock": "well",
        "wave keys": "not said",
        "tracking user": "well",
        "legacy database": "well",
        "Kraken": "well",
        "Airflow": "not said",
        "console": "not said",
    }
    nothing = bare("doctor")
    assert nothing.exit_code == 0
    assert nothing.stdout.count("not said") == 6
    refused = run("doctor", **{**kraken, "KRAKEN_TOKEN": "hush"})
    assert (refused.exit_code, "does not accept the token (401)" in refused.stdout) == (3, True)
    assert "hush" not in refused.output
    owner = run("doctor", TRACKING_DSN=tracking_superuser_dsn)
    assert (owner.exit_code, "let tasks and commands use a member of migration_app" in owner.stdout) == (
        0,
        True,
    )
    older = bare("doctor", TRACKING_DSN=empty_dsn)
    assert (older.exit_code, "kraken-migrate db upgrade" in older.stdout) == (4, True)
    silent = run("doctor", AIRFLOW_URL=f"http://127.0.0.1:{free_port()}", AIRFLOW_TOKEN="t")
    assert (silent.exit_code, "Airflow does not answer" in silent.stdout) == (3, True)


def test_the_doctor_says_by_whom_the_console_reads(
    run: Run, bare: Run, tracking_dsn: str, tracking_superuser_dsn: str, postgres: Cluster
) -> None:
    where = make_url(tracking_superuser_dsn)
    reader = where.set(username=logins.READER, password=postgres.password_of(user=logins.READER))

    def look(dsn: str) -> dict[str, str]:
        answer = run("doctor", "--json", AIRFLOW_CONN_TRACKING_READER=dsn)
        (found,) = [each for each in json.loads(answer.stdout) if each["what"] == "console"]
        return dict(found)

    well = look(reader.render_as_string(hide_password=False))
    assert (well["verdict"], well["said"]) == ("well", "reads by Connection tracking_reader")
    assert "may read payloads" in look(tracking_dsn)["said"]
    legacy = where.set(username=logins.LEGACY, password=postgres.password_of(user=logins.LEGACY))
    refused = look(legacy.render_as_string(hide_password=False))
    assert (refused["verdict"], "GRANT migration_reader TO" in refused["said"]) == ("wrong", True)
    assert "Connection tracking_reader" in look("mysql://nobody@host/db")["said"]


def test_keys_of_waves_are_looked_at_and_wrapped_anew(
    run: Run, wave_id: int, tracking_superuser_dsn: str, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(f"{FIRST}\n")
    is_refused(run("key", "rotate", WAVE_KEYS_FILE="keys"), 1, "alone: name by TRACKING_OWNER_DSN a")
    owner = {"TRACKING_OWNER_DSN": tracking_superuser_dsn}
    silent = run("key", "rotate", **owner)
    is_refused(silent, 1, "WAVE_KEYS names no wrapping key to wrap with: put the new key there")
    said = done(run("key", "rotate", WAVE_KEYS_FILE="keys", **owner))
    assert said.startswith("The keys of 0 waves are wrapped by key ")
    assert "; 1 wave planned without one goes on unsealed: " in said
    assert "opens the keys of 0 waves; new waves are sealed" in done(run("doctor", WAVE_KEYS_FILE="keys"))
    short = run("doctor", WAVE_KEYS="short")
    assert (short.exit_code, "Key 1 of WAVE_KEYS is not 32 bytes" in short.stdout) == (1, True), short.output
    connection = json.dumps({"conn_type": "generic", "password": "short"})
    told = run("doctor", AIRFLOW_CONN_WAVE_KEYS=connection).stdout
    assert "Key 1 of Connection 'wave_keys' is not 32 bytes" in told


def test_a_database_whose_certificate_is_not_trusted_is_one_sentence_and_gets_no_login(
    bare: Run, postgres: Cluster, tracking_dsn: str, tmp_path: Path
) -> None:
    server, other = (self_signed(file=tmp_path / name) for name in ("server.pem", "other.pem"))
    with tls_relay(to=postgres.port, certificate=server) as wire:
        place = tracking_dsn.replace(f":{postgres.port}/", f":{wire.port}/")

        def look(authority: Path) -> Any:
            dsn = f"{place}?sslmode=verify-full&sslrootcert={authority}"
            return bare("wave", "list", TRACKING_DSN=dsn)

        done(look(server))
        is_refused(look(other), 3, "The certificate of the database of TRACKING_DSN is not trusted")
        is_refused(look(tmp_path / "none"), 3, "name the file of its authority by sslrootcert")


def test_a_database_without_tls_is_one_sentence(bare: Run, tracking_dsn: str) -> None:
    refused = bare("wave", "list", TRACKING_DSN=f"{tracking_dsn}?sslmode=require")
    is_refused(refused, 3, "The database of TRACKING_DSN does not speak TLS: have it do so")


def test_a_folder_that_cannot_be_written_is_named(run: Run, wave_id: int, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    is_refused(run("crosswalk", "run", "--folder", "file/within"), 1, "cannot be used (Not a directory)")
