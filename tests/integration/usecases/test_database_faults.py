"""A tracking database, or a host, that is gone in mid-wave: nothing is lost, nothing is done twice."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from kraken_import.local import postgres
from kraken_import.local.postgres import Cluster
from kraken_import.tracking import migrate, sessions
from kraken_import.tracking.faults import speak_in_sentences
from kraken_import.tracking.sessions import prepare
from kraken_import.usecases import poller
from kraken_import.usecases.faults import Retryable
from tests.conftest import free_port
from tests.integration.conftest import BeginJourney, Journey
from tests.wires import relay
from transforms.database import DatabaseInterrupted

pytestmark = pytest.mark.proof

SENT_BEFORE_A_LOSS = 10
OF_SERVER = {"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_user_timeout": "1500"}
OF_CLIENT = {"keepalives_idle": "1", "keepalives_interval": "1", "tcp_user_timeout": "1500"}
"""Seconds and milliseconds after which the two sides give each other up, instead of minutes."""


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Cluster]:
    """A server of this test alone, which keeps what it has acknowledged."""
    cluster = postgres.open_cluster(home=tmp_path / "postgres", port=free_port())
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.home)


def engine_of(dsn: str) -> Engine:
    """An engine as tasks have it."""
    return speak_in_sentences(engine=create_engine(dsn.replace("://", "+psycopg2://", 1), pool_pre_ping=True))


def test_a_database_that_is_lost_in_every_step_of_a_wave_loses_and_doubles_nothing(
    begin: BeginJourney, mortal: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "TRY_AGAIN_AFTER", 0.3)
    tracking = engine_of(mortal.create_database(name="tracking"))
    migrate.upgrade(engine=tracking)
    prepare(engine=tracking)
    journey = replace(begin(customers=40), tracking=tracking).with_settings(
        requests_in_flight=2, visibility_window=0.5, request_timeout=1
    )
    wave_id = journey.plan(limit=40).wave_id
    journey.build(wave_id)
    # It holds no session while it asks, and may go on by itself.
    with losing(mortal, restart, journey, "validate"), suppress(*LOST):
        journey.validate(wave_id)
    journey.validate(wave_id)
    valid = journey.states(wave_id)["valid"]
    kill_and_start(mortal)
    for loss in (restart, kill_and_start):
        with losing(mortal, loss, journey, "create"), pytest.raises(LOST):
            journey.create(wave_id)
    assert journey.states(wave_id).get("creating")
    assert len(journey.created()) < valid
    journey.create_all(wave_id)
    # A trigger goes on by itself.
    with losing(mortal, kill_and_start, journey, "status"):
        journey.poll(wave_id, seconds=30)
    states = journey.states(wave_id)
    tracking.dispose()
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}
    assert len(journey.created()) == valid == states["processed"] + states.get("errored", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a socket drop all it gets")
def test_a_batch_of_a_host_that_is_gone_is_taken_up_by_another_and_nothing_is_created_twice(
    begin: BeginJourney, tracking_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SETTINGS", {**sessions.SETTINGS, **OF_SERVER})
    journey = begin().with_settings(requests_in_flight=2, visibility_window=0.5, request_timeout=1)
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="slow", operation="create", seconds=0.25)
    dsn = make_url(tracking_dsn)
    with relay(to=int(dsn.port or 0)) as wire, ThreadPoolExecutor() as elsewhere:
        there = engine_of(str(dsn.set(port=wire.port).update_query_dict(OF_CLIENT).render_as_string(False)))
        prepare(engine=there)
        lost = elsewhere.submit(replace(journey, tracking=there).create, wave_id)
        await_sent(journey, "create", 4)
        wire.vanish()
        with pytest.raises(Retryable, match="Another worker"):
            journey.create(wave_id)
        deadline = time.monotonic() + 30
        while True:
            try:
                journey.create_all(wave_id)
                break
            except Retryable:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    assert lost.exception() is not None
    there.dispose()
    journey.poll(wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert len(journey.created()) == 20
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0


LOST = (OperationalError, DatabaseInterrupted, Retryable)
"""What Airflow tries again."""


@contextmanager
def losing(
    cluster: Cluster, lose: Callable[[Cluster], None], journey: Journey, operation: str
) -> Iterator[None]:
    """Lose the server meanwhile, with the last of so many requests on their way."""
    sent = journey.seen(operation) + SENT_BEFORE_A_LOSS
    journey.strike(kind="slow", operation=operation, skip=SENT_BEFORE_A_LOSS - 2, seconds=3)

    def later() -> None:
        await_sent(journey, operation, sent)
        lose(cluster)
        journey.heal()

    thread = threading.Thread(target=later)
    thread.start()
    yield
    thread.join()


def await_sent(journey: Journey, operation: str, number: int) -> None:
    deadline = time.monotonic() + 30
    while journey.seen(operation) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def restart(cluster: Cluster) -> None:
    """As an administrator does: every session hears that it ends."""
    cluster.stop()
    cluster.start()


def kill_and_start(cluster: Cluster) -> None:
    server = cluster.postmaster()
    assert server is not None
    server.kill()
    server.wait()
    cluster.start()
