import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from kraken_import.local import postgres
from kraken_import.local.postgres import Cluster, UnableToFindPostgres, UnableToStartPostgres
from tests.conftest import free_port


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    # pytest's folders are closed to other users, so under root this one lives in the temporary folder.
    made = postgres.open_cluster(home=tmp_path / "postgres", port=free_port())
    yield made
    made.stop()
    shutil.rmtree(made.home)


def test_a_server_starts_again_after_kill_9_with_every_acknowledged_row(cluster: Cluster) -> None:
    cluster.start()
    dsn = cluster.create_database(name="kept")
    _execute(dsn=dsn, statement="CREATE TABLE kept AS SELECT 1 AS one")
    postmaster = int((cluster.home / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    cluster.start()
    assert _execute(dsn=dsn, statement="SELECT one FROM kept") == 1


def test_starting_twice_and_stopping_twice_do_no_harm(cluster: Cluster) -> None:
    cluster.start()
    cluster.start()
    assert cluster.running_port() == cluster.port
    cluster.stop()
    cluster.stop()
    assert cluster.running_port() is None


def test_an_interrupted_initdb_leaves_nothing_that_looks_like_a_cluster(cluster: Cluster) -> None:
    cluster.home.mkdir(parents=True, exist_ok=True)
    (cluster.home / "data.unfinished").mkdir()
    (cluster.home / "data.unfinished" / "PG_VERSION").write_text("18\n")
    cluster.start()
    assert cluster.running_port() == cluster.port


def test_the_server_asks_for_its_password(cluster: Cluster) -> None:
    cluster.start()
    stranger = cluster.dsn(database="postgres").replace(cluster.password, "guess")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(stranger)


def test_a_taken_port_is_a_sentence(cluster: Cluster) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", cluster.port))
        other.listen()
        with pytest.raises(UnableToStartPostgres, match=f"did not start on port {cluster.port}"):
            cluster.start()


def test_a_project_cloned_again_at_the_same_path_starts_afresh(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root's cluster lives apart from its project")
    cluster.start()
    cluster.create_database(name="old")
    (tmp_path / "postgres.key").unlink()
    again = postgres.open_cluster(home=tmp_path / "postgres", port=cluster.port)
    again.start()
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(again.dsn(database="old"))


def test_a_wrong_postgres_of_the_users_own_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    with pytest.raises(UnableToFindPostgres, match=r"^POSTGRES_BIN=.* is not a folder with initdb"):
        postgres.find_binaries()


def _execute(*, dsn: str, statement: str) -> object:
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()
