"""An error of a library quotes what it was given: none of that leaves the process."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import orjson
import pandas as pd
import psycopg2
import pytest
import sqlalchemy.exc
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from kraken_import.cli.app import TRACEBACK, app
from transforms.database import DatabaseInterrupted, UnableToQuery, unreachable_because
from transforms.quiet import UnforeseenFault, quieted, said, traced

VALUE = "Marjory" + "Featherstone"
"""Put together, since a traceback shows the lines that it went through."""


class _Person(BaseModel):
    born: int


def _in_a_group() -> None:
    raise ExceptionGroup(VALUE, [ValueError(VALUE), KeyError(VALUE)])


def _caused() -> None:
    try:
        int(VALUE)
    except ValueError as error:
        raise UnableToQuery("sql/x.sql is not valid SQL: correct it.") from error


def _met_on_the_way() -> None:
    try:
        int(VALUE)
    except ValueError:
        _ = {}[VALUE]


def _noted() -> None:
    error = TypeError("no")
    error.add_note(VALUE)
    raise error


def _of_sqlalchemy() -> None:
    raise sqlalchemy.exc.DataError(VALUE, {"name": VALUE}, psycopg2.DataError(VALUE))


# One worker imports Airflow for all of them, and none while it only collects.
needs_airflow = pytest.mark.xdist_group("airflow")

RAISING: dict[str, Callable[[], object]] = {
    "int": lambda: int(VALUE),
    "a missing key": lambda: {}[VALUE],
    "pandas, a number": lambda: pd.to_numeric(pd.Series([VALUE])),
    "pandas, a time": lambda: pd.to_datetime(pd.Series([VALUE])),
    "pandas, a column": lambda: pd.DataFrame({"a": [1]})[VALUE],
    "pydantic": lambda: _Person.model_validate({"born": VALUE}),
    "json": lambda: json.loads(VALUE),
    "orjson": lambda: orjson.loads(VALUE),
    "a file": lambda: Path(f"/nowhere/{VALUE}").read_text(),
    "a DSN": lambda: psycopg2.connect(f"postgresql://user:{VALUE}/x@host/database"),
    "a group": _in_a_group,
    "a cause": _caused,
    "a context": _met_on_the_way,
    "a note": _noted,
    "SQLAlchemy": _of_sqlalchemy,
}


@pytest.mark.parametrize("kind", RAISING)
def test_no_word_of_a_library_is_printed(kind: str) -> None:
    with pytest.raises(Exception, match=r"(?s).*") as failed:
        RAISING[kind]()
    error = failed.value
    assert VALUE in f"{error}{error.__cause__}{error.__context__}{vars(error)}"
    for printed in (
        traced(error=error),
        said(error=error),
        "".join(traceback.format_exception(quieted(error=error))),
    ):
        assert VALUE not in printed
        assert type(error).__name__ in printed or kind == "a cause"


def test_what_is_said_names_the_class_and_the_place() -> None:
    with pytest.raises(ValueError, match="invalid literal") as failed:
        int(VALUE)
    assert said(error=failed.value).startswith("ValueError in tests/unit/transforms/test_quiet.py, line ")


def test_a_database_that_went_away_stays_worth_another_try() -> None:
    lost = sqlalchemy.exc.OperationalError(VALUE, {}, psycopg2.OperationalError(VALUE))
    broken = sqlalchemy.exc.DatabaseError(VALUE, {}, psycopg2.DatabaseError(VALUE))
    broken.connection_invalidated = True
    assert {type(quieted(error=each)) for each in (lost, broken)} == {DatabaseInterrupted}
    other = quieted(error=sqlalchemy.exc.ProgrammingError(VALUE, {}, psycopg2.ProgrammingError(VALUE)))
    assert isinstance(other, UnforeseenFault)
    assert other.kind == "ProgrammingError"


def test_a_sentence_of_ours_is_kept() -> None:
    ours = UnableToQuery("sql/x.sql is missing: write it.")
    assert quieted(error=ours) is ours
    assert said(error=ours) == "sql/x.sql is missing: write it."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ('could not translate host name "VALUE@host" to address: Name or service not known', "no such host"),
        ('connection to server at "h" (1.2.3.4), port 1 failed: Connection refused', "the port"),
        ('FATAL:  password authentication failed for user "VALUE"', "the login is refused"),
        ('FATAL:  database "VALUE" does not exist', "no such database"),
        ('FATAL:  role "VALUE" does not exist', "the login is refused"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "VALUE"', "pg_hba.conf"),
        ("FATAL:  the database system is starting up", "starting up"),
        ("timeout expired", "does not answer in time"),
        ("FATAL:  sorry, too many clients already", "in use"),
        ("VALUE", "cannot be reached"),
    ],
)
def test_why_a_database_cannot_be_reached_is_told_without_the_words_of_libpq(
    words: str, sentence: str
) -> None:
    reason = unreachable_because(error=psycopg2.OperationalError(words.replace("VALUE", VALUE)))
    assert sentence in reason
    assert VALUE not in reason


@needs_airflow
def test_each_entry_of_an_operator_is_a_door() -> None:
    from kraken_import.airflow.quiet import QuietOperator

    class Operator(QuietOperator):
        def execute(self, value: str) -> int:
            return int(value)

        def resume(self, value: str) -> object:
            raise UnableToQuery(value)

    with pytest.raises(UnforeseenFault) as failed:
        Operator().execute(VALUE)
    assert VALUE not in "".join(traceback.format_exception(failed.value))
    assert "return int(value)" in "".join(traceback.format_exception(failed.value))
    assert Operator().execute("7") == 7
    with pytest.raises(UnableToQuery, match="a sentence"):
        Operator().resume("a sentence")


@needs_airflow
@pytest.mark.parametrize(
    "name",
    [
        "airflow.sdk.exceptions:AirflowException",
        "airflow.sdk.exceptions:AirflowTaskTimeout",
        "builtins:KeyboardInterrupt",
        "builtins:SystemExit",
        "transforms.database:UnableToQuery",
    ],
)
@pytest.mark.parametrize("caused", [True, False])
def test_what_airflow_or_a_signal_breaks_off_keeps_its_class_and_nothing_of_what_it_broke_off(
    name: str, caused: bool
) -> None:
    from kraken_import.airflow.quiet import QuietOperator

    kind: type[BaseException] = resolve_name(name)

    class Operator(QuietOperator):
        def execute(self) -> None:
            try:
                int(VALUE)
            except ValueError as error:
                broken = kind("broken off")
                broken.add_note(VALUE)
                raise broken from (error if caused else None)

    with pytest.raises(kind, match="broken off") as failed:
        Operator().execute()
    error = failed.value
    assert type(error) is kind
    assert (error.__cause__, error.__context__) == (None, None)
    assert VALUE not in "".join(traceback.format_exception(error))


def test_a_group_of_ours_shows_nothing_of_its_members() -> None:
    class Several(ExceptionGroup): ...

    Several.__module__ = "kraken_import.several"
    found = quieted(error=Several("Two failed.", [ValueError(VALUE), UnableToQuery("a sentence")]))
    assert VALUE not in "".join(traceback.format_exception(found))


def test_the_traceback_of_a_command_prints_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    command = typer.Typer(cls=app.info.cls)
    command.callback()(lambda: None)
    command.command(name="count")(lambda: typer.echo(int(VALUE)))
    told = CliRunner().invoke(command, ["count"]).stderr
    monkeypatch.setenv(TRACEBACK, "1")
    traced_too = CliRunner().invoke(command, ["count"]).stderr
    assert "(ValueError): run it again with KRAKEN_MIGRATE_TRACEBACK=1" in told
    assert "ValueError in tests/unit/transforms/test_quiet.py" in traced_too
    assert VALUE not in told + traced_too
