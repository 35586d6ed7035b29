"""Turns Airflow Connections into what the use cases need: Kraken's settings, and database engines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from airflow.sdk import BaseHook, Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from sqlalchemy import URL, Engine
from sqlalchemy.exc import OperationalError

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.wrapping import Wrapping, read_wrapping
from kraken_import.tracking import vault
from kraken_import.tracking.faults import speak_in_sentences
from kraken_import.tracking.sessions import prepare
from kraken_import.usecases.faults import BadRequest, Retryable
from transforms.database import PatientPool, engine_to, not_postgres
from transforms.encryption import demanded, distrust

_LIBPQ = {
    "connect_timeout": "10",
    # Together a minute: a vanished server is noticed after 30 s of silence and three probes.
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""How libpq notices that a database is gone, unless the Connection's extra says otherwise."""

_PASSED_ON = (*_LIBPQ, "sslmode", "sslrootcert", "sslcert", "sslkey", "options", "application_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionIds:
    """Names of the Airflow Connections that a DAG uses."""

    kraken: str = "kraken"
    legacy: str = "legacy"
    tracking: str = "tracking"
    legacy_writeback: str = "legacy_writeback"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOfConnection:
    """Wrapping keys from the Connection `wave_keys`: its password, or a service that its extra names."""

    named: str = "Connection 'wave_keys'"

    def read(self) -> Wrapping | None:
        """Return what wraps; None where there is no such Connection. Raises `BadWrappingKeys`."""
        try:
            connection = BaseHook.get_connection("wave_keys")
        except AirflowNotFoundException:
            return None
        return read_wrapping(
            text=connection.password or "", named=self.named, options=connection.extra_dejson
        )

    def check_silence(self) -> None:
        """Raise `Retryable` unless Airflow answers.

        It says that there is no Connection also when it could not look; the list of Variables does not.
        """
        try:
            list(Variable.keys(prefix="wave_keys"))
        except ImportError:
            # A process without a supervisor asks no API server: what it has found is what there is.
            return
        except AirflowRuntimeError:
            raise Retryable(
                "Airflow could not read Connection 'wave_keys': the task is tried again; if that goes on, "
                "see whether the API server is healthy."
            ) from None


def connection_ids(*, dialect: str) -> ConnectionIds:
    """Return the Connections of a dialect: the usual names, or those that the environment gives.

    `KRAKEN_CONN_ID_EDF_ACCOUNTS`, `LEGACY_CONN_ID_…`, `TRACKING_CONN_ID_…` and `LEGACY_WRITEBACK_CONN_ID_…`
    let several Krakens or legacy systems live in one Airflow.
    """
    return ConnectionIds(
        **{
            name: os.environ.get(f"{name.upper()}_CONN_ID_{dialect.upper()}", name)
            for name in ("kraken", "legacy", "tracking", "legacy_writeback")
        }
    )


def may_write_back() -> bool:
    """Return whether the legacy system is told whom to hold (`MIGRATION_WRITEBACK=1`), or only read."""
    return os.environ.get("MIGRATION_WRITEBACK") == "1"


def kraken_settings(*, connection: Connection) -> KrakenSettings:
    """Read Kraken's settings from a Connection. Raises `UnableToReadConnection`."""
    return KrakenSettings.from_connection_fields(
        connection_id=connection.conn_id,
        host=connection.host,
        schema=connection.schema,
        port=connection.port,
        login=connection.login,
        password=connection.password,
        extra=_extra(connection=connection),
    )


def connection_fields(*, connection_id: str) -> Mapping[str, Any] | None:
    """Return the fields of a Connection from a variable or a secrets backend; None where there is none.

    For processes that are no task: those kept in Airflow's own database are only for Airflow's components.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return None
    return {
        "conn_type": connection.conn_type,
        "host": connection.host,
        "port": connection.port,
        "login": connection.login,
        "password": connection.password,
        "schema": connection.schema,
        "extra": connection.extra_dejson,
    }


def database(*, connection_id: str, is_tracking: bool = False) -> Engine:
    """Return an engine for a Postgres Connection. Raises `Retryable` when the database cannot be reached."""
    return open_engine(connection=BaseHook.get_connection(connection_id), is_tracking=is_tracking)


def open_engine(*, connection: Connection, is_tracking: bool = False) -> Engine:
    """Return an engine with a small pool, one for each database and process; checked before it is returned.

    The tracking database's engine raises `UnableToUseTracking` where its schema or its rights are not
    sufficient, and here where a pooler in front of it breaks its locks.
    """
    extra: dict[str, Any] = connection.extra_dejson
    if wrong := not_postgres(connection=repr(connection.conn_id), kind=connection.conn_type):
        raise BadRequest(wrong)
    if not connection.host and not connection.schema:
        raise BadRequest(
            f"Connection {connection.conn_id!r} names no host and no database: fill them in under "
            "Admin > Connections."
        )
    said = {name: str(extra[name]) for name in _PASSED_ON if _is_said(extra.get(name))}
    url = URL.create(
        "postgresql+psycopg2",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query=_LIBPQ | said | demanded(parameters={"host": connection.host, **said}),
    )
    engine = _engine(url, is_tracking)
    if is_tracking:
        vault.attach(engine=engine, source=KeysOfConnection())
    try:
        if is_tracking:
            prepare(engine=engine)
        with engine.connect():
            return engine
    except OperationalError as error:
        if sentence := distrust(error=error, named=f"Connection {connection.conn_id!r}"):
            raise BadRequest(sentence) from None
        where = f"{connection.host}:{connection.port or 5432}"
        raise Retryable(
            f"The database of Connection {connection.conn_id!r} at {where} "
            "cannot be reached: check that it runs, and the login."
        ) from None


def _extra(*, connection: Connection) -> Any:
    """Return the extra fields, or their text if it is not JSON: Airflow would read that as no fields."""
    text = (connection.extra or "").strip() or "{}"
    try:
        return connection.extra_dejson or json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_said(value: object) -> bool:
    return value is not None and value != ""


@cache
def _engine(url: URL, is_tracking: bool) -> Engine:
    engine = engine_to(
        url,
        poolclass=PatientPool,
        pool_size=4,
        max_overflow=4,
        pool_pre_ping=True,
    )
    return speak_in_sentences(engine=engine) if is_tracking else engine
