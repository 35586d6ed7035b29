"""A thousand histories in virtual time, and every safeguard taken out once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(900)


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofs.simulation", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=880, check=False)


def test_a_thousand_histories_lose_and_double_nothing() -> None:
    found = simulate("--seeds", "1-1000")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "1,000 histories (1-1000), 0 of them wrong" in found.stdout


def test_each_safeguard_that_is_taken_out_is_missed() -> None:
    found = simulate("--ablate", "all")
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_seed_gives_the_same_history_each_time_and_prints_it() -> None:
    first, second = simulate("--seeds", "29"), simulate("--seeds", "29")
    assert "History of seed 29" in first.stdout
    assert first.stdout.rpartition(";")[0] == second.stdout.rpartition(";")[0]
