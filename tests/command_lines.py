"""`kraken-migrate` as tests run it: in this process and a folder, with no system said by accident."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from typer import testing
from typer.testing import CliRunner, Result

from kraken_import.cli.app import app

# It makes all commands anew for each that is run, which takes 30 of 35 milliseconds.
testing._get_command = cache(testing._get_command)

Run = Callable[..., Result]
KRAKEN = {
    "KRAKEN_URL": "http://127.0.0.1:1",
    "KRAKEN_TOKEN": "t",
    "AIRFLOW_URL": "http://127.0.0.1:1",
    "AIRFLOW_TOKEN": "t",
}
"""Systems that a command names, and does not ask before it has seen the tracking database."""


def command_line(*, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Run:
    """Return what runs a command in a folder; the environment names only the systems that are given."""
    for name in os.environ:
        if name.startswith(("AIRFLOW_", "KRAKEN_", "LEGACY_", "TRACKING_", "WAVE_KEYS", "PG")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    runner = CliRunner(env={"TERM": "dumb", "COLUMNS": "200"})

    def run(*arguments: str, **environment: str) -> Result:
        return runner.invoke(app, arguments, env=environment)

    return run


def is_refused(result: Result, code: int, sentence: str) -> None:
    assert result.exit_code == code, result.output
    assert sentence in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stdout == ""


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout
