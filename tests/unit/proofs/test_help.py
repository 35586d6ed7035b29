"""The proofs that take variables and no arguments: asked for help, they start nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("chaos", ("ROUNDS", "SEED", "KILL", "WITHIN", "ACCOUNTS")),
        ("soak", ("ACCOUNTS",)),
        ("cluster", ("ACCOUNTS", "REDIS_URL")),
    ],
)
def test_help_names_the_variables_and_starts_nothing(name: str, variables: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", f"proofs.{name}", "--help"]
    # Where no stack can be brought up, should it try to.
    environment = {"PORT_BASE": "none", "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    found = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    assert all(f"{each}=" in found.stdout for each in variables)
