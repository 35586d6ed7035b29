"""What names customers is written for its owner alone, by whichever part of the project writes it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from transforms.private import make_private_folder, private_file, write_private

OF_NO_CUSTOMER = {
    "transforms/private.py": "the one that all others use",
    "plugins/kraken_import/cli/dialects.py": "a dialect's files, and samples with invented names",
    "plugins/kraken_import/cli/projects.py": "a project's files, for a repository",
    "plugins/kraken_import/local/new_dialect.py": "a dialect's files, for a repository",
    "plugins/kraken_import/local/payload.py": "samples of guides, for a repository",
    "plugins/kraken_import/local/postgres.py": "what the user of Postgres, who may be another, has to read",
    "plugins/kraken_import/local/settings.py": "the folder .run, through which the user of Postgres goes",
    "plugins/kraken_import/local/state.py": "an empty lock, and the folder .run",
    "plugins/kraken_import/reporting/mapping.py": "the mapping documents, for a repository",
    "plugins/kraken_import/airflow/storage.py": "object storage, which has rights of its own",
}
_WRITING = frozenset({"write_text", "write_bytes", "mkdir", "touch"})


@pytest.fixture(params=[0o022, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A user who lets others read, or write, what is made."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_files_and_folders_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    file, log = tmp_path / "a" / "b" / "left.csv", tmp_path / "c" / "x.log"
    write_private(path=file, text="é")
    for line in (b"1", b"2"):
        with private_file(path=log, append=True) as output:
            output.write(line)
    assert (file.read_text(encoding="utf-8"), log.read_bytes()) == ("é", b"12")
    assert {mode(each) for each in (file, log)} == {0o600}
    assert {mode(each) for each in (file.parent, file.parent.parent, log.parent)} == {0o700}


@pytest.mark.usefixtures("umask")
def test_a_file_that_was_open_is_closed_and_a_folder_of_the_users_own_is_left(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    was = mode(tmp_path / "mine")
    for name in ("a.csv", "b.log"):
        (tmp_path / "mine" / name).write_text("old")
        (tmp_path / "mine" / name).chmod(0o644)
    write_private(path=tmp_path / "mine" / "a.csv", text="new")
    with private_file(path=tmp_path / "mine" / "b.log") as output:
        output.write(b"new")
    assert {mode(tmp_path / "mine" / name) for name in ("a.csv", "b.log")} == {0o600}
    assert {(tmp_path / "mine" / name).read_text() for name in ("a.csv", "b.log")} == {"new"}
    assert mode(tmp_path / "mine") == was
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["a.csv", "b.log"]


def test_a_link_that_lies_where_a_file_is_to_be_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("kept")
    (tmp_path / "a.csv").symlink_to(tmp_path / "other")
    write_private(path=tmp_path / "a.csv", text="new")
    assert ((tmp_path / "other").read_text(), (tmp_path / "a.csv").read_text()) == ("kept", "new")


def test_a_folder_whose_name_a_file_has_is_the_usual_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"):
        make_private_folder(path=tmp_path / "a" / "b")
    with pytest.raises(FileExistsError):
        make_private_folder(path=tmp_path / "a")


def test_no_other_part_of_the_pipeline_writes_files_by_itself() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in ("plugins", "transforms")
        for path in (ROOT / folder).rglob("*.py")
        if "simulator" not in path.parts and _writes(path=path)
    }
    assert found == set(OF_NO_CUSTOMER)


def _writes(*, path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        modes = [each.value for each in node.args[:1] if isinstance(each, ast.Constant)]
        opens = node.func.attr == "open" and any(str(each)[:1] in "wax" for each in modes)
        if node.func.attr in _WRITING or opens:
            return True
    return False
