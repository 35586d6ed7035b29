"""Commands in an empty folder, and on the tracking database of a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.command_lines import Run, command_line
from tests.integration.tracking.test_schema import wave_of


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty folder; the environment names no system but those that a test gives."""
    return command_line(monkeypatch=monkeypatch, folder=tmp_path)


@pytest.fixture
def run(bare: Run, tracking_dsn: str) -> Run:
    """Run a command on the tracking database of this test."""
    return lambda *arguments, **environment: bare(*arguments, **{"TRACKING_DSN": tracking_dsn, **environment})


@pytest.fixture
def wave_id(tracking_engine: Engine) -> int:
    """A live wave of three customers named run, planned."""
    with tracking_engine.begin() as connection:
        return wave_of(connection)
