"""The proofs that take variables and no arguments: asked for help, they start nothing."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

VARIABLES = {
    "chaos": ("ROUNDS", "SEED", "KILL", "WITHIN", "ACCOUNTS"),
    "soak": ("ACCOUNTS",),
    "cluster": ("ACCOUNTS", "REDIS_URL"),
}
ASK = """
import runpy, sys
sys.argv[1:] = ["--help"]
for name in sys.stdin.read().split():
    try:
        runpy.run_module(f"proofs.{name}", run_name="__main__")
    except SystemExit as end:
        print(f"{name} ended with {end.code or 0}")
"""


def test_help_names_the_variables_and_starts_nothing() -> None:
    # Where no stack can be brought up, should one try to.
    environment = {"PORT_BASE": "none", "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    found = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=environment,
        input=" ".join(VARIABLES),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    rest = found.stdout
    for name, variables in VARIABLES.items():
        said, end, rest = rest.partition(f"{name} ended with 0\n")
        assert end, found.stdout + found.stderr
        assert all(f"{each}=" in said for each in variables)
