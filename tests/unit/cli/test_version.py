"""`kraken-migrate --version` says which version this is, whatever else is wrong."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("project", [None, "tracking_dsm = 'no such place'\n", 'requires = ">=99"\n'])
def test_the_version_and_the_schema_are_printed_also_beside_a_broken_project(
    tmp_path: Path, project: str | None
) -> None:
    if project is not None:
        (tmp_path / "kraken-migrate.toml").write_text(project)
    program = str(Path(sys.executable).with_name("kraken-migrate"))
    done = subprocess.run([program, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = max((ROOT / "sql" / "tracking" / "migrations" / "versions").glob("*.sql")).name[:4]
    said = f"kraken-migration {declared}, for schema {newest} of the tracking database\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
