"""Engines of Airflow's Connections: what their sockets and sessions have, and whose database it is."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from kraken_import.tracking.sessions import SETTINGS
from kraken_import.tracking.vault import UnableToUseKeys
from kraken_import.usecases.faults import Retryable
from kraken_import.usecases.keys import keys_in_words
from tests.integration.tracking.test_schema import wave_of
from tests.wave_keys import FIRST, SECOND

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.filterwarnings("default")]

OPTIONS = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)


def connection_to(dsn: str, **extra: Any) -> Any:
    """The Connection of a database."""
    from airflow.sdk import Connection

    url = make_url(dsn)
    return Connection(
        conn_id="database",
        conn_type="postgres",
        host=url.host,
        port=url.port,
        login=url.username,
        password=url.password,
        schema=url.database,
        extra=json.dumps(extra),
    )


@pytest.mark.parametrize(
    ("is_tracking", "extra", "options", "limits"),
    [
        (True, {}, [30, 10, 3, 60_000], {}),
        (False, {}, [30, 10, 3, 60_000], {**dict.fromkeys(SETTINGS, "0"), "cursor_tuple_fraction": "0.1"}),
        (
            True,
            {"keepalives_idle": 5, "tcp_user_timeout": 0, "options": "-c lock_timeout=5s"},
            [5, 10, 3, 0],
            {"lock_timeout": "5s"},
        ),
    ],
)
def test_a_database_that_is_gone_is_noticed_and_an_operators_own_settings_win(
    tracking_dsn: str, is_tracking: bool, extra: dict[str, Any], options: list[int], limits: dict[str, str]
) -> None:
    from kraken_import.airflow.connections import open_engine

    engine = open_engine(connection=connection_to(tracking_dsn, **extra), is_tracking=is_tracking)
    with engine.connect() as connection:
        assert connection.connection.dbapi_connection is not None
        with socket.socket(fileno=connection.connection.dbapi_connection.fileno()) as ours:
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert [ours.getsockopt(socket.IPPROTO_TCP, option) for option in OPTIONS] == options
            for name, value in ({**SETTINGS, **limits}).items():
                if is_tracking or not name.startswith("tcp"):
                    assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value
            ours.detach()
    engine.dispose()


def test_wrapping_keys_are_read_from_their_connection_when_one_is_needed(
    tracking_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Variable
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    from kraken_import.airflow.connections import open_engine

    def unheard(**_: object) -> None:
        """Answer as Airflow does where its API server is silent."""
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    engine = open_engine(connection=connection_to(tracking_dsn), is_tracking=True)
    with engine.connect() as connection:
        assert not keys_in_words(connection=connection)[0]
        for text, extra in ((f"{SECOND},{FIRST}", {}), (FIRST, {"unknown": "to us"})):
            said = {"conn_type": "generic", "password": text, "extra": extra}
            monkeypatch.setenv("AIRFLOW_CONN_WAVE_KEYS", json.dumps(said))
            assert keys_in_words(connection=connection)[0]
        monkeypatch.setenv(
            "AIRFLOW_CONN_WAVE_KEYS", json.dumps({"conn_type": "generic", "password": "short"})
        )
        with pytest.raises(UnableToUseKeys, match="Key 1 of Connection 'wave_keys' is not 32 bytes"):
            keys_in_words(connection=connection)
        monkeypatch.setenv("AIRFLOW_CONN_WAVE_KEYS", json.dumps(said))
        wave_of(connection)
        monkeypatch.delenv("AIRFLOW_CONN_WAVE_KEYS")
        with pytest.raises(UnableToUseKeys, match="so waves are sealed here, and Connection 'wave_keys'"):
            wave_of(connection, run_id="another")
        monkeypatch.setattr(Variable, "keys", unheard)
        with pytest.raises(Retryable, match="Airflow could not read Connection 'wave_keys': the task is"):
            wave_of(connection, run_id="a third")
    engine.dispose()


def test_a_task_shows_that_its_airflow_is_alive_as_long_as_it_runs(
    tracking_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.airflow import identity

    monkeypatch.setattr(identity, "_RENEW_SECONDS", 0.05)
    identity.held(tracking=tracking_engine)

    def is_fresh() -> bool:
        with tracking_engine.connect() as connection:
            return bool(
                connection.exec_driver_sql(
                    "SELECT seen_at > now() - interval '1 minute' FROM migration.installation"
                ).scalar_one()
            )

    with tracking_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.installation SET seen_at = now() - interval '1 day'")
    deadline = time.monotonic() + 10
    while not is_fresh():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("0001", r"schema 0001, and this package needs \d{4}: .* `kraken-migrate db upgrade` while no wave"),
        (
            "9999",
            r"schema 9999, and this package was made for \d{4}: install the newer package on this machine",
        ),
    ],
)
def test_a_task_of_another_version_than_the_schema_claims_nothing(
    tracking_engine: Engine, tracking_superuser_dsn: str, found: str, sentence: str
) -> None:
    from kraken_import.airflow import identity
    from kraken_import.tracking.faults import UnableToUseTracking

    with psycopg2.connect(tracking_superuser_dsn) as superuser, superuser.cursor() as cursor:
        cursor.execute("UPDATE migration.schema_version SET version_num = %s", (found,))
    superuser.close()
    with pytest.raises(UnableToUseTracking, match=sentence):
        identity.held(tracking=tracking_engine)
    with tracking_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM migration.installation").scalar_one() == 0
