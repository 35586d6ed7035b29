"""Where the stand-in takes its secrets from, other than its arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def run(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The stand-in, which ends at once: nothing can be bound at that address."""
    return subprocess.run(
        [sys.executable, "-m", "kraken_import.simulator", "--host", "no.such.host.invalid", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SIMULATOR_TOKEN": "hush"}, "cannot be listened on"),
        ({"SIMULATOR_TOKEN_FILE": "{file}"}, "cannot be listened on"),
        ({"SIMULATOR_LOGIN": "who@x.example:hush"}, "cannot be listened on"),
        ({"SIMULATOR_TOKEN": "hush", "SIMULATOR_TOKEN_FILE": "{file}"}, "exclude each other"),
        (
            {"SIMULATOR_API_KEY_FILE": "/no/such/hush"},
            "SIMULATOR_API_KEY_FILE names a file that cannot be read",
        ),
        ({"SIMULATOR_LOGIN": "hush"}, "SIMULATOR_LOGIN: a login is EMAIL:PASSWORD"),
        ({}, "or SIMULATOR_TOKEN"),
    ],
)
def test_a_secret_comes_from_the_environment_or_a_file(
    tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    (tmp_path / "file").write_text("hush\n")
    said = {name: value.replace("{file}", str(tmp_path / "file")) for name, value in variables.items()}
    done = run(**said)
    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
    assert "hush" not in done.stdout + done.stderr
