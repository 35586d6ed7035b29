"""`kraken-migrate init`: a project that is whole, or none at all, and that works as it was written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kraken_import.cli import projects as commands
from kraken_import.cli.app import app
from kraken_import.cli.problems import ExitCode
from kraken_import.conformance.samples import samples_of
from tests import projects
from transforms.registry import dialect_names, get_dialect, problem_of

Begin = Callable[..., Path]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Have a project written, and work with it until the end of the test."""
    with ExitStack() as stack:

        def start(*words: str) -> Path:
            folder = tmp_path / "some" / "acme"
            done = run("init", str(folder), *words)
            assert done.exit_code == 0, done.output
            assert not [each for each in folder.parent.iterdir() if each != folder]
            return stack.enter_context(projects.in_force(folder=folder))

        yield start


def test_a_project_that_extends_a_dialect_is_in_force_as_it_was_written(begin: Begin) -> None:
    folder = begin("--dialect", "edf_accounts", "--name", "port_accounts")
    assert dialect_names() == ("port_accounts",)
    dialect = get_dialect(name="port_accounts")
    assert (dialect.title, dialect.parent) == ("Port accounts", "edf_accounts")
    assert samples_of(dialect=dialect)[0].rows["accounts"]
    told = run("doctor").output
    assert f"{folder}, by KRAKEN_MIGRATE_PROJECT, with the dialects port_accounts" in told
    assert "extends edf_accounts; 30 frames" in told
    assert "accounts.account_class" in run("codes", "port_accounts").output
    assert "DOM,DOMESTIC,\n" in run("codes", "port_accounts", "accounts.account_class").output
    assert "has no code map 'accounts'" in run("codes", "port_accounts", "accounts").output


def test_what_to_do_next_leads_to_a_legacy_database_of_ones_own(tmp_path: Path) -> None:
    told = run("init", str(tmp_path / "acme"), "--dialect", "edf_accounts", "--name", "port_accounts").output
    page = (tmp_path / "acme" / "README.md").read_text(encoding="utf-8")
    for said in (told, page):
        steps = ["dialect new port_accounts --legacy", "legacy-check port_accounts"]
        assert [step for step in steps if f"kraken-migrate {step}" not in said] == []
    assert "kraken-migrate dialect sample port_accounts IDENTIFIER" in page


def test_a_project_may_have_sql_of_its_own_for_a_dialect_of_the_package(begin: Begin) -> None:
    folder = begin("--dialect", "plenitude_accounts")
    assert dialect_names() == ("plenitude_accounts",)
    assert get_dialect(name="plenitude_accounts").parent == ""
    assert not (folder / "dialects").exists()


def test_a_project_may_have_a_dialect_that_stands_for_itself(begin: Begin) -> None:
    folder = begin("--name", "port_accounts")
    assert get_dialect(name="port_accounts").root.name == "accounts"
    sample = samples_of(dialect=get_dialect(name="port_accounts"))[0]
    with pytest.raises(AssertionError, match=r"^samples/port_accounts/payload\.json is empty"):
        _ = sample.payload
    assert (folder / "sql" / "plan" / "port_accounts" / "candidates.sql").is_file()


def test_what_is_written_passes_a_linter(begin: Begin) -> None:
    folder = begin("--dialect", "edf_accounts", "--name", "port_accounts")
    checks = (["check", "--select", "E,F,W,I,UP,B,D1"], ["format", "--check"])
    for check in checks:
        told = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length", "110", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), ExitCode.WRONG_USAGE, "Say which dialect the project is for"),
        (("--dialect", "efd_accounts"), ExitCode.WRONG_USAGE, "There is no dialect 'efd_accounts'"),
        (("--name", "Port"), ExitCode.WRONG_USAGE, "--name must be small letters"),
        (("--name", "shared"), ExitCode.WRONG_USAGE, "and not shared"),
        (("--name", "edf_accounts"), ExitCode.WRONG_USAGE, "There is a dialect edf_accounts already"),
    ],
)
def test_what_no_project_can_be_is_refused_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], code: ExitCode, sentence: str
) -> None:
    done = run("init", str(tmp_path / "acme"), *words)
    assert done.exit_code == code
    assert sentence in done.output
    assert done.output.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = run("init", str(tmp_path), "--dialect", "edf_accounts")
    assert (done.exit_code, done.output) == (1, f"{tmp_path} is not empty: name a new folder.\n")
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_is_filled_and_stays_the_folder_that_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, link = tmp_path / "acme", tmp_path / "link"
    home.mkdir(mode=0o750)
    link.symlink_to(home)
    before = home.stat()
    monkeypatch.chdir(home)
    for folder in (Path(), link):
        commands.write_project(folder=folder, files={"a": "", "b/c": ""})
        assert (home.stat().st_ino, home.stat().st_mode) == (before.st_ino, before.st_mode)
        # A shell that stands in the folder sees them.
        assert {str(each) for each in Path().rglob("*")} == {"a", "b", "b/c"}
        (home / "b" / "c").unlink()
        (home / "b").rmdir()
        (home / "a").unlink()


def test_a_file_is_no_folder_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = run("init", str(tmp_path / "mine"), "--dialect", "edf_accounts")
    assert (done.exit_code, done.output) == (1, f"{tmp_path / 'mine'} is no folder: name a new one.\n")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_project_that_cannot_be_written_whole_is_not_there(tmp_path: Path, is_there: bool) -> None:
    if is_there:
        (tmp_path / "acme").mkdir()
    with pytest.raises(FileExistsError):
        commands.write_project(folder=tmp_path / "acme", files={"a": "", "a/b": ""})
    assert [each.name for each in tmp_path.rglob("*")] == ["acme"] * is_there


def test_a_project_for_another_version_has_an_exit_code_of_its_own(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin("--dialect", "edf_accounts", "--name", "port_accounts")
    (folder / "kraken-migrate.toml").write_text('requires = ">=7"\n')
    monkeypatch.setattr("transforms.project.installed_version", lambda: "0.1.0")
    projects.forget()
    for words in (("codes", "port_accounts"), ("doctor",)):
        done = run(*words)
        assert done.exit_code == ExitCode.WRONG_VERSION
        assert "is written for kraken-migration >=7, and 0.1.0 is installed" in done.output
    (folder / "kraken-migrate.toml").write_text('requires = "abc"\n')
    projects.forget()
    done = run("codes", "port_accounts")
    assert (done.exit_code, "is no range of versions" in done.output) == (ExitCode.WRONG_VERSION, True)


def test_doctor_names_the_dialect_that_cannot_be_loaded(begin: Begin) -> None:
    folder = begin("--dialect", "edf_accounts", "--name", "port_accounts")
    (folder / "dialects" / "port_accounts.py").write_text("import no_such_module\n")
    projects.forget()
    done = run("doctor")
    assert done.exit_code == ExitCode.REFUSED
    assert str(problem_of(name="port_accounts")) in done.output


@pytest.mark.parametrize("name", ["sql/extract/plenitude_accounts/custommers.sql", "codes/misspelt.csv"])
def test_doctor_looks_at_what_a_project_adds_to_a_dialect_of_the_package(tmp_path: Path, name: str) -> None:
    files = {"kraken-migrate.toml": 'dialects = ["plenitude_accounts"]', name: "SELECT 1"}
    with projects.in_force(folder=projects.write(folder=tmp_path, files=files)):
        done = run("doctor")
    assert done.exit_code == ExitCode.REFUSED
    assert "is read by nothing" in done.output
