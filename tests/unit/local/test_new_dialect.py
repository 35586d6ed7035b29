"""`make new-dialect` with names that no dialect can have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kraken_import.local import new_dialect
from kraken_import.local.settings import read_wishes

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["", "Acme", "acme-accounts", "../acme", "1acme", "class"])
def test_a_name_that_no_dialect_can_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(new_dialect, "ROOT", tmp_path)
    with pytest.raises(new_dialect.UnableToAddDialect, match="acme_accounts") as refused:
        new_dialect.new_dialect(wishes=read_wishes(environment={"NAME": name}))
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_skeleton_passes_the_checks_that_a_change_must_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_dialect, "ROOT", tmp_path)
    new_dialect.new_dialect(wishes=read_wishes(environment={"NAME": "acme_accounts"}))
    (module,) = tmp_path.rglob("acme_accounts.py")
    for check in (["check"], ["format", "--check"]):
        told = subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                *check,
                "--config",
                str(REPOSITORY / "pyproject.toml"),
                str(module),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout
