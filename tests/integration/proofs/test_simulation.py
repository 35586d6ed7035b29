"""The simulation as its command runs it: histories without a fault, the same each time, and not blind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(240)


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofs.simulation", *options, "--jobs", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=230, check=False)


def test_fifty_histories_lose_and_double_nothing() -> None:
    found = simulate("--seeds", "1-50")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "50 histories (1-50), 0 of them wrong" in found.stdout


def test_a_seed_gives_the_same_history_each_time_and_prints_it() -> None:
    first, second = simulate("--seeds", "29"), simulate("--seeds", "29")
    assert "History of seed 29" in first.stdout
    assert first.stdout.rpartition(";")[0] == second.stdout.rpartition(";")[0]


def test_without_the_committed_intent_a_history_goes_wrong() -> None:
    found = simulate("--seeds", "1-20", "--ablate", "intent")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Without intent: seed" in found.stdout
    assert "none" not in found.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--seeds", "all"), "'all' is no range: write SEEDS=1-5000, or SEEDS=17"),
        (("--seeds", "9-1"), "'9-1' has no seed in it: write the smaller one first"),
        (("--ablate", "luck"), "invalid choice: 'luck'"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(options: tuple[str, str], sentence: str) -> None:
    found = simulate(*options)
    assert found.returncode == 2
    assert sentence in found.stderr
