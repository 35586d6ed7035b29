"""`kraken-migrate` as tests run it: in this process and a folder, with no system said by accident."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kraken_import.cli.app import app

Run = Callable[..., Result]


def command_line(*, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Run:
    """Return what runs a command in a folder; the environment names only the systems that are given."""
    for name in os.environ:
        if name.startswith(("AIRFLOW_", "KRAKEN_", "LEGACY_", "TRACKING_", "PG")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    runner = CliRunner(env={"TERM": "dumb", "COLUMNS": "200"})

    def run(*arguments: str, **environment: str) -> Result:
        return runner.invoke(app, arguments, env=environment)

    return run
