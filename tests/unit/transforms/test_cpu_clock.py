"""The clock counts each second of a process once, for the innermost line, in whatever thread."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from transforms import cpu_clock
from transforms.cpu_clock import Clock, a_line, a_task, clocked

TENTH = 0.1
ROUGHLY = pytest.approx(TENTH, rel=0.3)


def _burn(seconds: float = TENTH) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def _told(folder: Path) -> dict[str, dict[str, float]]:
    (path,) = folder.glob("*.json")
    found = cpu_clock.read(path=path)
    assert found is not None
    return dict(found["lines"])


def test_a_line_inside_another_counts_alone(tmp_path: Path) -> None:
    clock = Clock(folder=tmp_path)
    clock.enter(line="build")
    _burn()
    clock.enter(line="rules")
    _burn(2 * TENTH)
    clock.leave()
    _burn()
    clock.leave()
    clock.write()
    told = _told(tmp_path)
    assert told["build"]["own"] == pytest.approx(2 * TENTH, rel=0.3)
    assert told["rules"]["own"] == pytest.approx(2 * TENTH, rel=0.3)


def test_waiting_counts_nothing_and_threads_do_not_mix(tmp_path: Path) -> None:
    clock = Clock(folder=tmp_path)

    def other() -> None:
        clock.enter(line="seal")
        _burn()
        clock.leave()

    clock.enter(line="extract")
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    time.sleep(TENTH)
    clock.leave()
    clock.write()
    told = _told(tmp_path)
    assert told["seal"]["own"] == ROUGHLY
    assert told["extract"]["own"] < TENTH / 2


def test_a_line_ends_with_the_error_that_leaves_it(tmp_path: Path) -> None:
    code = """
import time
from transforms.cpu_clock import a_line, a_task, clocked

@a_line("breaks")
def breaks():
    raise ValueError

with a_task(name="Task"):
    try:
        breaks()
    except ValueError:
        pass
    with clocked(line="after"):
        pass
"""
    _run(code, folder=tmp_path)
    assert {name: line["calls"] for name, line in _told(tmp_path).items()} == {"breaks": 1, "after": 1}


def test_a_task_tells_its_start_its_end_and_the_whole(tmp_path: Path) -> None:
    code = """
import time
from transforms.cpu_clock import a_task

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

with a_task(name="BuildBatchOperator"):
    burn(0.3)
burn(0.2)
"""
    _run(code, folder=tmp_path)
    (path,) = tmp_path.glob("*.json")
    told = json.loads(path.read_text())
    assert told["task"] == "BuildBatchOperator"
    assert told["begun"] > 0.01
    assert told["ended"] - told["begun"] == pytest.approx(0.3, abs=0.1)
    assert told["whole"] - told["ended"] == pytest.approx(0.2, abs=0.1)


def test_a_forked_process_begins_again_and_tells_in_a_file_of_its_own(tmp_path: Path) -> None:
    code = """
import os
from transforms.cpu_clock import a_task, clocked
import transforms.cpu_clock as module

with clocked(line="of the parent"):
    pass
child = os.fork()
if not child:
    with a_task(name="Child"):
        with clocked(line="of the child"):
            pass
    os._exit(0)
os.waitpid(child, 0)
module._clock.write()
"""
    _run(code, folder=tmp_path)
    told = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert {each["task"]: set(each["lines"]) for each in told} == {
        "Child": {"of the child"},
        None: {"of the parent"},
    }


def test_without_the_switch_nothing_is_wrapped_and_nothing_is_written(tmp_path: Path) -> None:
    assert cpu_clock.VARIABLE not in os.environ

    def work() -> int:
        return 1

    assert a_line("build")(work) is work
    with a_task(name="Task"), clocked(line="build"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_fails_no_task(tmp_path: Path) -> None:
    taken = tmp_path / "a file"
    taken.touch()
    clock = Clock(folder=taken / "below")
    clock.begin(task="Task")
    clock.end()


def _run(code: str, *, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), cpu_clock.VARIABLE: str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
