"""Every peer is installed from its lock, measured, killed and started again beside a wave."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.peers.__main__ import PEERS
from benchmarks.peers.environments import UnableToInstall, python_of
from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(900)


def test_a_kill_makes_peers_send_again_and_a_wave_send_nothing_twice() -> None:
    try:
        for lock in sorted({peer.lock for peer in PEERS}):
            python_of(lock=lock)
    except UnableToInstall as problem:
        pytest.skip(str(problem))
    words = [sys.executable, "-m", "benchmarks.peers", "--accounts", "120"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in done.stdout.splitlines()
        if line.startswith("|") and "---" not in line
    ]
    found = {row[0]: [int(number) for number in row[3:]] for row in rows[1:]}
    assert len(found) == len(PEERS) + 1
    # Sent twice, created twice, lost, end unknown.
    assert found.pop("a wave, without Airflow") == [0, 0, 0, 0]
    assert sum(numbers[0] for numbers in found.values()) > 0
    assert all(float(row[1]) > 0 for row in rows[1:])
