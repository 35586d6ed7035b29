"""A tracking database that is killed while records are created: nothing is lost, nothing is done twice."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from kraken_import.tracking import migrate
from kraken_import.tracking.faults import speak_in_sentences
from kraken_import.tracking.sessions import prepare
from kraken_import.usecases.faults import Retryable
from stack import postgres
from stack.postgres import Cluster
from tests.conftest import free_port
from tests.integration.conftest import BeginJourney, Journey
from transforms.database import DatabaseInterrupted

CREATED_BEFORE_A_KILL = 10


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Cluster]:
    """A server of this test alone, which keeps what it has acknowledged."""
    cluster = postgres.open_cluster(home=tmp_path / "postgres", port=free_port())
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.home)


def test_a_database_killed_between_and_during_creates_loses_and_doubles_nothing(
    begin: BeginJourney, mortal: Cluster
) -> None:
    dsn = mortal.create_database(name="tracking").replace("://", "+psycopg2://", 1)
    tracking = speak_in_sentences(engine=create_engine(dsn, pool_pre_ping=True))
    migrate.upgrade(engine=tracking)
    prepare(engine=tracking)
    journey = replace(begin(customers=40), tracking=tracking).with_settings(
        requests_in_flight=2, visibility_window=0.5, request_timeout=1
    )
    wave_id = journey.valid_wave(limit=40)
    valid = journey.states(wave_id)["valid"]
    kill_and_start(mortal)
    # Long enough for the kill to come before the answers do, on a loaded machine too.
    journey.strike(kind="slow", operation="create", seconds=0.25)
    for kills in (1, 2):
        killer = threading.Thread(target=kill_later, args=(mortal, journey, kills * CREATED_BEFORE_A_KILL))
        killer.start()
        # What Airflow tries again.
        with pytest.raises((OperationalError, DatabaseInterrupted, Retryable)):
            journey.create(wave_id)
        killer.join()
    assert journey.states(wave_id).get("creating")
    assert len(journey.created()) < valid
    journey.heal()
    journey.finish(wave_id)
    states = journey.states(wave_id)
    tracking.dispose()
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}
    assert len(journey.created()) == valid == states["processed"] + states.get("errored", 0)


def kill_later(cluster: Cluster, journey: Journey, created: int) -> None:
    """Kill the server once so many were created, and start it again."""
    deadline = time.monotonic() + 30
    while len(journey.created()) < created and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_and_start(cluster)


def kill_and_start(cluster: Cluster) -> None:
    server = cluster.postmaster()
    assert server is not None
    server.kill()
    server.wait()
    cluster.start()
