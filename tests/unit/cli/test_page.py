"""The page about the command line has every command, and each of its examples is one that is understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from kraken_import.cli.app import app
from kraken_import.cli.problems import ExitCode
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "how-to" / "command-line.md").read_text(encoding="utf-8")
EXAMPLES = [
    shlex.split(line)[1:]
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def of(example: list[str]) -> tuple[str, ...]:
    (path,) = (path for path in COMMANDS if tuple(example[: len(path)]) == path)
    return path


def test_every_command_has_an_example() -> None:
    assert {of(example) for example in EXAMPLES} == set(COMMANDS)


def test_every_example_is_understood() -> None:
    for example in EXAMPLES:
        path = of(example)
        COMMANDS[path].make_context(path[-1], example[len(path) :])


def test_every_command_describes_itself_and_its_options() -> None:
    for path in COMMANDS:
        shown = CliRunner().invoke(app, [*path, "--help"])
        assert shown.exit_code == 0, shown.output
        assert COMMANDS[path].help
        assert all(each.help for each in COMMANDS[path].params), path


def test_every_exit_code_is_in_the_table() -> None:
    assert re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE) == [str(code.value) for code in ExitCode]


def test_what_shows_something_can_write_json() -> None:
    shows = {"list", "show", "check", "preflight", "report", "doctor", "plan", "rerun-show"}
    shows |= {"crosswalk", "late-changes", "differences", "legacy-check"}
    for path, command in COMMANDS.items():
        has_json = any("--json" in each.opts for each in command.params)
        assert has_json == (path[-1] in shows), path
