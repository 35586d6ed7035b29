"""The digest of a mapping: it changes with what decides payloads, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import projects
from transforms.digests import build_version, mapping_digest
from transforms.registry import dialect_names

PORT = """
from transforms.extending import extend
from transforms.registry import delivered_dialect

DIALECT = extend(delivered_dialect(name="edf_accounts"), name="port_accounts")
"""


def digest(folder: Path, **files: str) -> str:
    """The digest of a project's dialect with these files."""
    written = projects.write(folder=folder, files={"dialects/port_accounts.py": PORT, **files})
    with projects.in_force(folder=written):
        return mapping_digest(dialect="port_accounts")


def test_each_dialect_has_a_digest_of_its_own_and_the_version_of_the_package() -> None:
    found = {name: build_version(dialect=name) for name in dialect_names()}
    assert len({each.mapping for each in found.values()}) == len(found) >= 5
    assert all(each.package for each in found.values())
    assert all(found[name].mapping == mapping_digest(dialect=name) for name in found)


@pytest.mark.parametrize(
    "files",
    [
        {"dialects/port_accounts.py": f"{PORT}# Another.\n"},
        {"dialects/_shared.py": "WORD = 1\n"},
        {"dialects/_shared/words.py": "WORD = 1\n"},
        {"sql/extract/port_accounts/accounts.sql": "SELECT 1"},
        {"sql/extract/edf_accounts/accounts.sql": "SELECT 1"},
        {"sql/extract/port_accounts/columns.toml": "# Another.\n"},
        {"sql/reconcile/port_accounts/balances.sql": "SELECT 1"},
        {"codes/edf_accounts/accounts.account_class.csv": "legacy,kraken,note\nprivate,DOMESTIC,\n"},
        {"codes/port_accounts/tariff_codes.csv": "legacy,kraken,note\nA,B,\n"},
    ],
)
def test_what_decides_payloads_changes_the_digest(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert digest(tmp_path / "before") != digest(tmp_path / "after", **files)


@pytest.mark.parametrize(
    "files",
    [
        {"codes/README.md": "Ours."},
        {"dialects/other_accounts.py": PORT.replace("port_accounts", "other_accounts")},
        {"sql/extract/plenitude_accounts/accounts.sql": "SELECT 1"},
        {"dialects/port_accounts.py": PORT.replace("\n", "\r\n")},
    ],
)
def test_nothing_else_does(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert digest(tmp_path / "before") == digest(tmp_path / "after", **files)


def test_the_code_that_dialects_share_counts_for_all_and_a_dialect_for_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from transforms import digests

    copy = tmp_path / "transforms"
    shutil.copytree(digests._SHARED, copy)
    before = {name: mapping_digest(dialect=name) for name in dialect_names()}
    monkeypatch.setattr(digests, "_SHARED", copy)
    assert before == {name: mapping_digest(dialect=name) for name in dialect_names()}
    (copy / "triage.py").write_text("# Explains, and decides nothing.\n")
    (copy / "sql" / "tracking").mkdir(parents=True)
    (copy / "sql" / "tracking" / "step.py").write_text("# In a wheel alone.\n")
    assert before == {name: mapping_digest(dialect=name) for name in dialect_names()}
    (copy / "clean.py").write_text("# Another.\n")
    assert not set(before.values()) & {mapping_digest(dialect=name) for name in dialect_names()}
