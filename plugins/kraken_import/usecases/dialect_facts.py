"""What plans need to know of a dialect: its time zone, or why it cannot be used.

`python -m kraken_import.usecases.dialect_facts` prints it of all dialects in force: a dialect's models and
libraries would otherwise stay in the memory of the process that asks.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any, Final

from kraken_import.usecases.elsewhere import UnableToRead, read_elsewhere
from transforms.registry import UnknownDialect, check_dialect, delivered_dialect, dialect_names, problem_of

_LONGEST_SECONDS: Final = 60.0
_PAUSE: Final = 30.0
"""Seconds after which dialects that could not be read are read again."""
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
    return _READ.facts().get(dialect, DialectFacts(zone="", problem=_UNREAD))


@dataclass(slots=True)
class _Read:
    """What a process of its own has read: one at a time however many threads ask, and not again at once."""

    found: Mapping[str, DialectFacts] | None = None
    failed_at: float = -_PAUSE
    lock: Lock = field(default_factory=Lock)

    def facts(self) -> Mapping[str, DialectFacts]:
        """Return the facts of all dialects; none where they could not be read lately."""
        with self.lock:
            if self.found is None and time.monotonic() - self.failed_at >= _PAUSE:
                try:
                    self.found = _all()
                except UnableToRead:
                    self.failed_at = time.monotonic()
            return self.found or {}


_READ: Final = _Read()


def _all() -> Mapping[str, DialectFacts]:
    return read_elsewhere(module=__name__, parsed=_parsed, seconds=_LONGEST_SECONDS)


def _parsed(document: Mapping[str, Mapping[str, Any]]) -> Mapping[str, DialectFacts]:
    return {name: DialectFacts(**facts) for name, facts in document.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: asdict(facts_of(name)) for name in dialect_names()}))
