"""Where a command works is read from one place, the first that says so, or refused in a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kraken_import.cli.places import FILE, STACK, Surroundings, dsn_of, read_connection
from kraken_import.cli.problems import ExitCode, WrongUsage

OF_OPTION = "postgresql://me@option/tracking"
OF_VARIABLE = "postgresql://me:hush@variable/tracking"
OF_FILE = "postgresql://me:hush@file/tracking"
OF_CONNECTION = "postgresql://me:hush@connection:5433/tracking"
OF_STACK = "postgresql://me:hush@stack/tracking"


def around(*, folder: Path, file: str = "", stack: str = "", **environment: str) -> Surroundings:
    if file:
        (folder / FILE).write_text(file)
    if stack:
        (folder / STACK).parent.mkdir()
        (folder / STACK).write_text(stack)
    return Surroundings(environment=environment, folder=folder)


def test_the_first_place_that_names_a_database_counts(tmp_path: Path) -> None:
    stack = json.dumps({"port_base": 1, "places": {"TRACKING_DSN": OF_STACK}})
    folder, file = tmp_path, f'tracking_dsn = "{OF_FILE}"'
    environment = {"TRACKING_DSN": OF_VARIABLE, "AIRFLOW_CONN_TRACKING": OF_CONNECTION}
    all_of_them = around(folder=folder, file=file, stack=stack, **environment)
    assert all_of_them.database(name="tracking", option=OF_OPTION).dsn == OF_OPTION
    assert all_of_them.database(name="tracking").dsn == OF_VARIABLE
    without_variable = Surroundings(environment={"AIRFLOW_CONN_TRACKING": OF_CONNECTION}, folder=folder)
    assert without_variable.database(name="tracking").dsn == OF_FILE
    (folder / FILE).unlink()
    without_file = Surroundings(environment={"AIRFLOW_CONN_TRACKING": OF_CONNECTION}, folder=folder)
    assert without_file.database(name="tracking").dsn == OF_CONNECTION
    assert Surroundings(environment={}, folder=folder).database(name="tracking").dsn == OF_STACK
    assert "hush" not in repr(Surroundings(environment=environment, folder=folder))


@pytest.mark.parametrize(
    ("text", "dsn"),
    [
        ("postgres://me:h%40sh@db:5433/tracking", "postgresql://me:h%40sh@db:5433/tracking"),
        ("postgres://me@db/tracking?sslmode=require&other=1", "postgresql://me@db/tracking?sslmode=require"),
        (
            "postgres://me@db/tracking?__extra__=%7B%22sslmode%22%3A+%22require%22%7D",
            "postgresql://me@db/tracking?sslmode=require",
        ),
        (
            '{"conn_type": "postgres", "host": "db", "login": "me", "password": "h@sh", "port": 5433,'
            ' "schema": "tracking", "extra": {"options": "-c a=b"}}',
            "postgresql://me:h%40sh@db:5433/tracking?options=-c%20a%3Db",
        ),
        (
            '{"conn_type": "postgres", "host": "::1", "schema": "t", "extra": "{}"}',
            "postgresql://[::1]/t",
        ),
    ],
)
def test_a_connection_of_airflow_is_read_from_its_uri_or_json(text: str, dsn: str) -> None:
    fields = read_connection(text=text, name="AIRFLOW_CONN_TRACKING")
    assert dsn_of(fields=fields, name="Connection tracking") == dsn


def test_a_driver_in_front_of_the_address_of_a_postgres_leads_to_the_same_database(tmp_path: Path) -> None:
    wanted = "postgresql://me:hush@db:5432/t"
    given = wanted.replace("://", "+psycopg2://")
    assert around(folder=tmp_path, LEGACY_DSN=given).database(name="legacy").dsn == wanted
    assert around(folder=tmp_path, AIRFLOW_CONN_LEGACY=given).database(name="legacy").dsn == wanted


@pytest.mark.parametrize("text", ["oracle://me:hush@db:1521/sap", '{"conn_type": "mssql", "host": "db"}'])
def test_a_connection_to_another_database_than_postgres_names_what_works(tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        around(folder=tmp_path, AIRFLOW_CONN_LEGACY=text).database(name="legacy")
    assert re.fullmatch(
        r"Connection legacy is of type (oracle|mssql), and only Postgres is read: name a Postgres, "
        r"into which another system's tables are copied first \(docs/how-to/use-your-own-legacy-"
        r"database\.md\)\.",
        str(refused.value),
    )


@pytest.mark.parametrize(
    ("environment", "file", "sentence"),
    [
        ({}, "", "Nothing says where the tracking database is: set TRACKING_DSN"),
        ({"TRACKING_DSN": "hush"}, "", "TRACKING_DSN must be a URI like postgresql://"),
        ({"TRACKING_DSN": "postgresql://me:hush@db"}, "", "TRACKING_DSN names no database"),
        ({"TRACKING_DSN": "postgresql://me:hush@db:99999/x"}, "", "TRACKING_DSN must be a URI"),
        ({"TRACKING_DSN_FILE": "none"}, "", "which cannot be read (FileNotFoundError)"),
        ({"TRACKING_DSN_FILE": "empty"}, "", "which is empty: write the value into it"),
        ({"TRACKING_DSN": OF_VARIABLE, "TRACKING_DSN_FILE": "empty"}, "", "exclude each other"),
        ({"AIRFLOW_CONN_TRACKING": "{hush"}, "", "AIRFLOW_CONN_TRACKING is neither the JSON nor the URI"),
        ({"AIRFLOW_CONN_TRACKING": "[" * 9}, "", "AIRFLOW_CONN_TRACKING is neither the JSON nor the URI"),
        ({"AIRFLOW_CONN_TRACKING": "postgres://me:hush@db"}, "", "Connection tracking names no database"),
        ({}, "hush", f"{FILE} cannot be read (TOMLDecodeError): correct it"),
        ({}, 'tracking = "hush"', "says tracking, which nothing reads: is tracking_dsn meant?"),
        ({}, 'nonsense = "hush"', "says nonsense, which is not a text with a name that is known"),
        ({}, "tracking_dsn = 5", "says tracking_dsn, which is not a text with a name that is known"),
        ({}, 'tracking_dsn_file = "none"', "which cannot be read (FileNotFoundError)"),
    ],
)
def test_what_names_no_database_is_refused_in_a_sentence_without_its_value(
    tmp_path: Path, environment: dict[str, str], file: str, sentence: str
) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(WrongUsage) as refused:
        around(folder=tmp_path, file=file, **environment).database(name="tracking")
    assert sentence in str(refused.value)
    assert "hush" not in str(refused.value)
    assert refused.value.exit_code is ExitCode.WRONG_USAGE


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"places": 5}', '{"places": {"TRACKING_DSN": ""}}', "[" * 9_999]
)
def test_the_note_of_a_stack_that_names_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongUsage, match="Nothing says where the tracking database is"):
        around(folder=tmp_path, stack=text or " ").database(name="tracking")


@pytest.mark.parametrize("dsn", [OF_VARIABLE, "postgresql://me@db/x?password=hush"])
def test_a_password_is_refused_as_an_option(tmp_path: Path, dsn: str) -> None:
    with pytest.raises(WrongUsage, match="--tracking-dsn holds a password") as refused:
        around(folder=tmp_path).database(name="tracking", option=dsn)
    assert "hush" not in str(refused.value)


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text(f"{OF_FILE}\n")
    (tmp_path / "token").write_text("hush\n")
    file = 'tracking_dsn_file = "dsn"\nkraken_url = "https://kraken.example"\nkraken_token_file = "token"\n'
    found = around(folder=tmp_path, file=file)
    assert found.database(name="tracking").dsn == OF_FILE
    assert found.database(name="tracking").said_by == f"tracking_dsn in {FILE}"
    assert (found.kraken().target, found.kraken().token) == ("https://kraken.example:443", "hush")


def test_a_token_never_goes_to_an_address_that_another_place_names(tmp_path: Path) -> None:
    file = 'kraken_url = "https://other.example"\nkraken_token = "hush"'
    found = around(folder=tmp_path, file=file, KRAKEN_URL="https://kraken.example")
    with pytest.raises(
        WrongUsage, match="KRAKEN_URL in the environment needs KRAKEN_TOKEN in the same place"
    ):
        found.kraken()
    with pytest.raises(WrongUsage, match="AIRFLOW_URL in the environment stands without a login"):
        around(folder=tmp_path, AIRFLOW_URL="http://airflow", AIRFLOW_USER="ann").airflow()


def test_kraken_is_read_from_its_connection_with_its_settings(tmp_path: Path) -> None:
    text = json.dumps(
        {"conn_type": "kraken", "host": "https://k.example", "password": "t", "extra": {"zone": "UTC"}}
    )
    found = around(folder=tmp_path, AIRFLOW_CONN_KRAKEN=text).kraken()
    assert (found.target, found.zone) == ("https://k.example:443", "UTC")
    with pytest.raises(WrongUsage, match="Nothing says where Kraken is"):
        Surroundings(environment={}, folder=tmp_path).kraken()
    with pytest.raises(WrongUsage, match="http would send the token"):
        Surroundings(
            environment={"KRAKEN_URL": "http://k.example", "KRAKEN_TOKEN": "t"}, folder=tmp_path
        ).kraken()
