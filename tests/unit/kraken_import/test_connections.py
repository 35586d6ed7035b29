"""A Connection's extra fields are read as they were written, or refused: never taken for none."""

from __future__ import annotations

import pytest

from kraken_import.client.settings import KrakenSettings, UnableToReadConnection

# One worker imports Airflow for all of them, and none while it only collects.
pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.filterwarnings("default")]


def settings_of(extra: str | None) -> KrakenSettings:
    """What is read from a Connection with these extra fields."""
    from airflow.sdk import Connection

    from kraken_import.airflow.connections import kraken_settings

    connection = Connection(
        conn_id="kraken", conn_type="kraken", host="https://api.example.com", password="word", extra=extra
    )
    return kraken_settings(connection=connection)


@pytest.mark.parametrize("extra", [None, "", " ", "{}", '{"envelope": null}'])
def test_a_connection_without_extra_fields_says_nothing_more(extra: str | None) -> None:
    assert settings_of(extra).envelope == "wrapped"


@pytest.mark.parametrize(
    "extra",
    [
        "{",
        '{"envelope": "bare"',
        "[]",
        "[1]",
        "5",
        '"bare"',
        "[" * 100_000,
        '{"patience": ' + "9" * 5_000 + "}",
    ],
)
def test_extra_fields_that_are_not_a_json_object_are_refused_and_not_forgotten(extra: str) -> None:
    """With them a policy would be forgotten that wants an approval."""
    with pytest.raises(UnableToReadConnection, match="not a JSON object"):
        settings_of(extra)


def test_a_connection_outside_of_any_task_is_read_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from kraken_import.airflow.connections import connection_fields

    monkeypatch.setenv("AIRFLOW_CONN_TRACKING", "postgres://me:word@db:5433/tracking?sslmode=require")
    assert connection_fields(connection_id="tracking") == {
        "conn_type": "postgres",
        "host": "db",
        "port": 5433,
        "login": "me",
        "password": "word",
        "schema": "tracking",
        "extra": {"sslmode": "require"},
    }
    assert connection_fields(connection_id="no_such_connection") is None
