"""Reads what needs heavy libraries in a process of its own: they would otherwise stay in a long-lived one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


class UnableToRead(Exception):
    """The process did not end well, or in time, or printed what is not understood.

    The message is the kind of its fault.
    """


def read_elsewhere(
    *, module: str, parsed: Callable[[Any], _T], words: tuple[str, ...] = (), seconds: float
) -> _T:
    """Return what `parsed` makes of the JSON that `python -m MODULE WORDS` prints. Raises `UnableToRead`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=seconds, check=True)
        return parsed(json.loads(done.stdout))
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        raise UnableToRead(type(error).__name__) from None
