"""What the commands refuse, each with its exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends, as docs/how-to/command-line.md lists it."""

    DONE = 0
    REFUSED = 1
    WRONG_USAGE = 2
    UNREACHABLE = 3
    WRONG_SCHEMA = 4
    PARTLY_DONE = 5
    WRONG_VERSION = 6


class Problem(Exception):
    """What is wrong, where, and what to do, in one sentence without a secret in it."""

    exit_code = ExitCode.REFUSED


class WrongUsage(Problem):
    """The command was not told what it needs, or was told something that makes no sense."""

    exit_code = ExitCode.WRONG_USAGE


class UnableToReach(Problem):
    """A system does not answer, or does not accept the login."""

    exit_code = ExitCode.UNREACHABLE


class WrongSchema(Problem):
    """The tracking database has another schema than this version works with."""

    exit_code = ExitCode.WRONG_SCHEMA
