"""What Airflow's parts do as they start, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

_SETTINGS = files("kraken_import.airflow") / "airflow_local_settings.py"
_LOOP = """
import asyncio, runpy, sys
path, *sys.argv = sys.argv[1:]
runpy.run_path(path)
async def loop(): return type(asyncio.get_running_loop()).__module__
print(asyncio.run(loop()))
"""


@pytest.mark.parametrize(("part", "loop"), [("triggerer", "uvloop"), ("api-server", "asyncio.unix_events")])
def test_triggers_run_on_the_quick_loop_and_other_parts_are_left_alone(part: str, loop: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _LOOP, str(_SETTINGS), "airflow", part],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == loop
