"""The one exception that the commands of the stack show to people, and how these commands are called."""

from __future__ import annotations

from kraken_import.cli.problems import Problem
from transforms.sql_files import CHECKOUT


class StackProblem(Problem):
    """What went wrong and what to do about it, in one sentence without a secret in it."""


def called(*, command: str, variables: str = "") -> str:
    """Return what a person types to run a command of the stack: by make where there is a Makefile."""
    if CHECKOUT is not None:
        return f"`make {command}{f' {variables}' if variables else ''}`"
    return f"`{f'{variables} ' if variables else ''}python -m kraken_import.local {command}`"
