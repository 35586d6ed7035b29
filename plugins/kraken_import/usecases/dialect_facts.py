"""What plans need to know of a dialect: its time zone, or why it cannot be used.

`python -m kraken_import.usecases.dialect_facts` prints it of all dialects in force: a dialect's models and
libraries would otherwise stay in the memory of the process that asks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final

from transforms.registry import UnknownDialect, check_dialect, delivered_dialect, dialect_names, problem_of

_LONGEST_SECONDS: Final = 60.0
_UNREAD: Final = "The dialects cannot be loaded: `kraken-migrate doctor` says why."


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectFacts:
    """The time zone of a dialect, and why it cannot be used, in one sentence (None: it can)."""

    zone: str
    problem: str | None = None


def facts_of(dialect: str) -> DialectFacts:
    """Return the facts of a dialect, which is loaded for it. One that is broken hides nothing of others."""
    try:
        check_dialect(name=dialect)
    except UnknownDialect as unknown:
        return DialectFacts(zone="", problem=str(unknown))
    problem = problem_of(name=dialect)
    return DialectFacts(zone="" if problem else delivered_dialect(name=dialect).zone, problem=problem)


def facts_from_elsewhere(dialect: str) -> DialectFacts:
    """Return the same without loading it here: another process reads all of them, once."""
    try:
        check_dialect(name=dialect)
    except UnknownDialect as unknown:
        return DialectFacts(zone="", problem=str(unknown))
    try:
        return _all().get(dialect, DialectFacts(zone="", problem=_UNREAD))
    except (OSError, ValueError, subprocess.SubprocessError):
        return DialectFacts(zone="", problem=_UNREAD)


@cache
def _all() -> Mapping[str, DialectFacts]:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        capture_output=True,
        timeout=_LONGEST_SECONDS,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return {name: DialectFacts(**facts) for name, facts in json.loads(done.stdout).items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: asdict(facts_of(name)) for name in dialect_names()}))
