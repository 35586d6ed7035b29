"""Sessions of the tracking database: their settings, who loses one, and which do not count as sessions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import LifoQueue, Queue
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from kraken_import.tracking import sessions, waves
from kraken_import.tracking.faults import UnableToUseTracking, speak_in_sentences
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.sessions import SETTINGS, prepare
from tests.wires import pooler, relay
from transforms.database import DatabaseInterrupted, PatientPool

OpenEngine = Callable[..., Engine]
SHORT = {"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_user_timeout": "1500"}
vanishing = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a socket drop all it gets")


BATCH = BatchRef(wave_id=1, batch=0)


@pytest.fixture
def open_engine(tracking_dsn: str) -> Iterator[OpenEngine]:
    """Engines as tasks have them, with these parameters of libpq, perhaps by way of another port."""
    made: list[Engine] = []

    def make(*, port: int | None = None, pool: dict[str, Any] | None = None, **query: str) -> Engine:
        url = make_url(tracking_dsn.replace("://", "+psycopg2://", 1)).update_query_dict(query)
        engine = create_engine(url.set(port=port or url.port), poolclass=PatientPool, **(pool or {}))
        made.append(speak_in_sentences(engine=engine))
        return engine

    yield make
    for engine in made:
        engine.dispose()


def shown(engine: Engine, *names: str) -> list[str]:
    with engine.connect() as connection:
        return [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]


def test_every_session_has_limits_and_has_its_server_look_for_its_client(open_engine: OpenEngine) -> None:
    engine = open_engine()
    prepare(engine=engine)
    # Two that the check has opened, and one of later; of tcp_… Postgres shows what the socket itself has.
    with engine.connect(), engine.connect(), engine.connect() as third:
        found = {name: third.exec_driver_sql(f"SHOW {name}").scalar_one() for name in SETTINGS}
        assert found == SETTINGS
    assert shown(engine, *SETTINGS) == list(SETTINGS.values())


def test_what_an_operator_has_chosen_stays(open_engine: OpenEngine, tracking_superuser: Engine) -> None:
    chosen = open_engine(options="-c lock_timeout=5s --statement-timeout=6s")
    with tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE \"{chosen.url.database}\" SET idle_in_transaction_session_timeout = '7s'"
        )
    chosen.dispose()
    prepare(engine=chosen)
    assert shown(
        chosen,
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "tcp_keepalives_idle",
    ) == ["5s", "6s", "7s", "30"]


@pytest.mark.parametrize(
    ("chosen", "kept"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
def test_an_intent_is_never_acknowledged_before_it_is_written(
    open_engine: OpenEngine, chosen: str, kept: str
) -> None:
    engine = open_engine(options=f"-c synchronous_commit={chosen}")
    assert shown(engine, "synchronous_commit") == [chosen]
    engine.dispose()
    prepare(engine=engine)
    assert shown(engine, "synchronous_commit") == [kept]


def test_times_are_read_in_utc_whatever_zone_the_database_has(open_engine: OpenEngine) -> None:
    engine = open_engine(options="-c timezone=Australia/Sydney")
    assert shown(engine, "timezone") == ["Australia/Sydney"]
    engine.dispose()
    prepare(engine=engine)
    with engine.connect() as connection:
        at = connection.exec_driver_sql("SELECT TIMESTAMPTZ '2026-10-04 02:30+10'").scalar_one()
    assert f"{at:%Y-%m-%d %H:%M %z}" == "2026-10-03 16:30 +0000"


@pytest.mark.parametrize(
    ("limit", "statement", "sentence"),
    [
        (
            "lock_timeout",
            "SELECT pg_advisory_lock(1), 'SECRET'",
            "waited too long for a lock: try again, .* 55P03",
        ),
        ("statement_timeout", "SELECT pg_sleep(9), 'SECRET'", "broken off, by statement_timeout .* 57014"),
    ],
)
def test_a_limit_that_is_reached_is_a_sentence_worth_another_try(
    open_engine: OpenEngine, limit: str, statement: str, sentence: str
) -> None:
    engine = open_engine(options=f"-c {limit}=50ms")
    prepare(engine=engine)
    with open_engine().connect() as other:
        other.exec_driver_sql("SELECT pg_advisory_lock(1)")
        with pytest.raises(DatabaseInterrupted, match=sentence) as failed, engine.connect() as connection:
            connection.exec_driver_sql(statement)
    assert "SECRET" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_a_pool_without_a_free_connection_is_a_sentence_worth_another_try(open_engine: OpenEngine) -> None:
    engine = open_engine(pool={"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05})
    with engine.connect(), pytest.raises(DatabaseInterrupted, match="all connections of its process in use"):
        engine.connect()


@vanishing
def test_the_lock_of_a_machine_that_is_gone_is_free_soon(
    open_engine: OpenEngine, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SETTINGS", {**SETTINGS, **SHORT})
    here = open_engine()
    with relay(to=postgres.port) as wire:
        there = open_engine(port=wire.port)
        prepare(engine=there)
        with waves.batch_lock(engine=there, ref=BATCH) as lost:
            with (
                pytest.raises(waves.BatchIsBusy),
                waves.batch_lock(engine=here, ref=BATCH),
            ):
                pass
            wire.vanish()
            _take(engine=here, seconds=20)
            # What is left of it here ends with the relay.
            lost.invalidate()


@vanishing
def test_a_client_finds_out_that_its_server_is_gone(open_engine: OpenEngine, postgres: Any) -> None:
    short = {"keepalives_idle": "1", "keepalives_interval": "1", "tcp_user_timeout": "1500"}
    with relay(to=postgres.port) as wire:
        engine = open_engine(port=wire.port, **short)
        with engine.connect() as connection:
            wire.vanish()
            with pytest.raises(OperationalError):
                connection.exec_driver_sql("SELECT pg_sleep(60)")
        engine.dispose()


@pytest.mark.parametrize("backends", [LifoQueue, Queue])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_pooler_that_changes_backends_between_transactions_is_refused(
    open_engine: OpenEngine, tracking_dsn: str, backends: type[Queue[Any]], size: int
) -> None:
    with pooler(dsn=tracking_dsn, backends=backends(), size=size, by="transaction") as wire:
        engine = open_engine(port=wire.port)
        with pytest.raises(UnableToUseTracking, match=r"let the Connection lead to the database itself"):
            prepare(engine=engine)
        # Each time again: a Connection that was mended needs no restart.
        with pytest.raises(UnableToUseTracking):
            prepare(engine=engine)
        engine.dispose()
    assert shown(open_engine(), "lock_timeout") == ["0"]


def test_a_pooler_of_sessions_and_what_only_passes_bytes_on_are_none(
    open_engine: OpenEngine, tracking_dsn: str, postgres: Any
) -> None:
    with (
        pooler(dsn=tracking_dsn, backends=LifoQueue(), size=3, by="session") as lending,
        relay(to=postgres.port) as passing,
    ):
        for wire in (lending, passing):
            engine = open_engine(port=wire.port)
            prepare(engine=engine)
            assert shown(engine, "lock_timeout") == ["30min"]
            engine.dispose()


def _take(*, engine: Engine, seconds: float) -> None:
    """Take the lock of the batch as soon as it is free."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(waves.BatchIsBusy), waves.batch_lock(engine=engine, ref=BATCH):
            return
        time.sleep(0.1)
    raise AssertionError("The lock was not free in time.")
