"""The ledger's sources on real processes and a real Postgres: no second escapes, and each has its line."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from kraken_import.local.bench import processes
from kraken_import.local.bench.processes import Stack
from kraken_import.local.bench.sampling import sampled
from kraken_import.local.bench.series import rows_of, series_in
from kraken_import.local.postgres import Cluster
from kraken_import.local.processes import Component
from tests.conftest import NewDatabase
from transforms import cpu_clock
from transforms.cpu_clock import Clock, watch
from transforms.database import engine_to

BURNT = 0.4
LEADER = """
import os, sys, time

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

print("ready", flush=True)
sys.stdin.readline()
for _ in range(2):
    worker = os.fork()
    if not worker:
        for _ in range(2):
            task = os.fork()
            if not task:
                burn({burnt})
                os._exit(0)
            os.waitpid(task, 0)
        burn({burnt} / 2)
        print("worked", flush=True)
        time.sleep(600)
print("begun", flush=True)
time.sleep(600)
"""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[str]]:
    """A process that is told to fork workers, which fork tasks that end long before anyone could look."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER.format(burnt=BURNT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.communicate()


def test_tasks_that_ended_between_two_looks_are_counted_as_what_they_were(
    leader: subprocess.Popen[str],
) -> None:
    assert leader.stdin is not None
    assert leader.stdout is not None
    assert leader.stdout.readline() == "ready\n"
    scheduler = Component(name="scheduler", pid=leader.pid, created=0.0, launched=0.0)
    stack = Stack(components=[scheduler], postmaster=None)
    before = stack.seconds()
    leader.stdin.write("go\n")
    leader.stdin.flush()
    said = [leader.stdout.readline() for _ in range(3)]
    assert said.count("worked\n") == 2
    # A worker says so before it sleeps.
    time.sleep(0.2)
    found = {part: seconds - before.get(part, 0.0) for part, seconds in stack.seconds().items()}
    assert found[processes.TASKS] == pytest.approx(4 * BURNT, rel=0.2)
    assert found[processes.SUPERVISORS] == pytest.approx(2 * BURNT / 2, rel=0.4)
    assert found[processes.SCHEDULER] < BURNT / 2


def test_what_postgres_does_counts_for_the_line_that_asked(new_database: NewDatabase, tmp_path: Path) -> None:
    engine = engine_to(new_database())
    clock = Clock(folder=tmp_path)
    watch(engine=engine, clock=clock)
    for line, rows in (("tracking.large", 3_000_000), ("tracking.small", 10)):
        clock.enter(line=line)
        with engine.begin() as connection:
            connection.execute(text("SELECT count(*) FROM generate_series(1, :rows)"), {"rows": rows})
        clock.leave()
    with engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM generate_series(1, 3000000)"))
    engine.dispose()
    clock.write()
    (path,) = tmp_path.glob("*.json")
    lines = json.loads(path.read_text())["lines"]
    database = engine.url.database
    large, other = lines["tracking.large"], lines[f"{database}.other"]
    assert large["backend"] > 0.1
    assert large["own"] < large["backend"] / 2
    assert lines["tracking.small"]["backend"] < large["backend"] / 10
    assert other["backend"] == pytest.approx(large["backend"], rel=0.6)
    assert {f"{database}.commit", f"{database}.session"} <= set(lines)


def test_all_seconds_of_a_server_are_those_of_its_processes_together(
    postgres: Cluster, new_database: NewDatabase
) -> None:
    server = postgres.postmaster()
    assert server is not None
    stack = Stack(components=[], postmaster=server.pid)
    engine = engine_to(new_database())
    before = stack.seconds()
    with sampled(stack=stack) as seen, engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM generate_series(1, 3000000)"))
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        alone = cpu_clock.cpu_seconds(pid=pid)
        living = stack.seconds()[processes.POSTGRES] - before[processes.POSTGRES]
        time.sleep(0.6)
    engine.dispose()
    _eventually(lambda: not psutil.pid_exists(pid))
    ended = stack.seconds()[processes.POSTGRES] - before[processes.POSTGRES]
    assert alone is not None
    assert living >= alone
    assert ended >= living - 0.05
    assert seen.server_seconds()[str(engine.url.database)] == pytest.approx(alone, abs=0.1)
    assert seen.peaks[processes.POSTGRES] > 0


def test_figures_over_time_have_the_tables_of_tracking(
    postgres: Cluster, tracking_template: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    engine = engine_to(new_database(template=tracking_template))
    path = tmp_path / "figures.csv"
    with series_in(path=path, tracking=engine) as series:
        series.reached = {"ended": 7}
        series.note(0.0, {processes.TASKS: 200, "unheard of": 1})
        series.note(0.5, {processes.TASKS: 999})
        series.note(2.5, {})
    first, second = rows_of(path=path)
    assert (first["seconds"], first["ended"], first[processes.TASKS]) == (0.0, 7.0, 200.0)
    assert (first["import_process"] or 0) > 0
    assert (second["seconds"], second[processes.TASKS]) == (2.5, None)
    assert path.stat().st_mode & 0o077 == 0
    engine.dispose()


def test_a_database_that_is_gone_leaves_the_figures_without_tables(tmp_path: Path) -> None:
    engine = engine_to("postgresql://me@127.0.0.1:1/gone")
    path = tmp_path / "figures.csv"
    with series_in(path=path, tracking=engine) as series:
        series.note(0.0, {processes.TASKS: 200})
    (row,) = rows_of(path=path)
    assert (row[processes.TASKS], row["payload"]) == (200.0, None)


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
