import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kraken_import.local import processes
from kraken_import.local.processes import Component, PortIsBusy

# A parent that ignores SIGTERM, with a child in a session of its own, as Airflow's tasks have.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Component]:
    log = tmp_path / "logs" / "stubborn.log"
    component = processes.launch(
        name="stubborn",
        command=[sys.executable, "-c", STUBBORN],
        environment=dict(os.environ),
        log=log,
        folder=tmp_path,
    )
    _await_child(log=log)
    yield component
    processes.stop(components=[component], logs=tmp_path)


def test_stopping_ends_a_component_that_ignores_sigterm_and_its_children(
    launched: Component, tmp_path: Path
) -> None:
    child = _await_child(log=tmp_path / "logs" / "stubborn.log")
    assert processes.stop(components=[launched]) == 2
    assert not processes.is_alive(component=launched)
    assert not _runs(pid=child)


def test_children_of_a_killed_component_are_found_by_where_they_write(
    launched: Component, tmp_path: Path
) -> None:
    child = _await_child(log=tmp_path / "logs" / "stubborn.log")
    os.kill(launched.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(launched.pid)], timeout=5)
    assert _runs(pid=child)
    assert processes.stop(components=[], logs=tmp_path / "logs") == 1
    assert not _runs(pid=child)


def test_a_stranger_with_the_number_of_a_dead_component_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as stranger:
        once = Component(name="scheduler", pid=stranger.pid, created=time.time() - 3600, launched=0)
        try:
            assert not processes.is_alive(component=once)
            assert processes.stop(components=[once]) == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_busy_port_is_named_with_the_variable_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortIsBusy, match=rf"Port {port} \(Postgres\) is in use .* PORT_BASE=28180"):
            processes.check_port(port=port, what="Postgres", base=28080)


def _await_child(*, log: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if log.is_file() and log.read_text().strip():
            return int(log.read_text().split()[0])
        time.sleep(0.02)
    raise AssertionError("The component did not start.")


def _runs(*, pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
