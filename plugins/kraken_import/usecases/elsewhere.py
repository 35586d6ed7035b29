"""Reads what needs heavy libraries in a process of its own: they would otherwise stay in a long-lived one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


class UnableToRead(Exception):
    """The process did not end well, or in time, or printed no JSON; the message is the kind of its fault."""


def read_elsewhere(*, module: str, words: tuple[str, ...] = (), seconds: float) -> Any:
    """Return the JSON document that `python -m MODULE WORDS` prints. Raises `UnableToRead`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=seconds, check=True)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise UnableToRead(type(error).__name__) from None
