"""The simulation as its command runs it: histories in which nothing goes wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kraken_import.simulator.kinds import KINDS
from tests.conftest import ROOT

pytestmark = [pytest.mark.proof, pytest.mark.timeout(240)]


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofs.simulation", *options, "--jobs", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=230, check=False)


def test_four_histories_lose_and_double_nothing() -> None:
    found = simulate("--seeds", "1-4")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "4 histories (1-4), 0 of them wrong" in found.stdout
    assert f"of {len(KINDS)} kinds of fault struck" in found.stdout
