"""The mappings of dialects, read in a process of their own and kept: the server stays light.

The first page that asks for one begins to read it; until it is there the page says so, and then shows it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Final

from kraken_import.usecases.elsewhere import UnableToRead, read_elsewhere

_log: Final = logging.getLogger(__name__)

_MODULE: Final = "kraken_import.reporting.catalogue"
_LONGEST: Final = 120.0
"""Seconds that the reading of a mapping may take."""
_FRESH: Final = 600.0
"""Seconds for which one is shown as it is; after them it is read again while the old one is shown."""
_AFTER_A_FAULT: Final = 30.0


class UnableToReadMapping(Exception):
    """The mapping of a dialect cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the payload: where it comes from, and the codes of the rules that check it."""

    path: str
    sources: Sequence[str]
    queries: Sequence[str]
    transform: str
    meaning: str
    required: str
    rules: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold, and where that is stated."""

    code: str
    severity: str
    paths: Sequence[str]
    explanation: str
    stated: str
    needs: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The mapping of a dialect."""

    name: str
    title: str
    resource: str
    fields: Sequence[Field]
    rules: Sequence[Rule]
    unfilled: Sequence[str]
    untraceable: Mapping[str, str]
    """By frame, why its SQL does not say where its columns come from."""

    def matching(self, *, words: str) -> tuple[list[Field], list[Rule]]:
        """Return the fields and rules in which every one of these words stands, and their counterparts."""
        wanted = words.lower().split()
        fields = [each for each in self.fields if _has(wanted, _words_of_field(each))]
        rules = [each for each in self.rules if _has(wanted, _words_of_rule(each))]
        return fields, rules


@dataclass(slots=True, kw_only=True)
class _Kept:
    found: Catalogue | None = None
    problem: bool = False
    read_at: float = 0.0
    is_being_read: bool = False


@dataclass(kw_only=True)
class Catalogues:
    """Mappings that were read, by dialect."""

    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, *, name: str) -> Catalogue | None:
        """Return the mapping of a dialect; None while it is read. Raises `UnableToReadMapping`."""
        with self._lock:
            kept = self._kept.setdefault(name, _Kept())
            age = time.monotonic() - kept.read_at
            is_old = not kept.read_at or age > (_AFTER_A_FAULT if kept.problem else _FRESH)
            if is_old and not kept.is_being_read:
                kept.is_being_read = True
                Thread(target=self._read, args=(name, kept), daemon=True).start()
            if kept.found is None and kept.problem:
                raise UnableToReadMapping(
                    f"The mapping of {name} cannot be read now: `kraken-migrate doctor` says what is wrong "
                    "with the dialect; this page tries again by itself."
                )
            return kept.found

    def _read(self, name: str, kept: _Kept) -> None:
        found = _catalogue(name=name)
        with self._lock:
            kept.found = found or kept.found
            kept.problem = found is None
            kept.read_at = time.monotonic()
            kept.is_being_read = False


def _catalogue(*, name: str) -> Catalogue | None:
    try:
        return read_elsewhere(module=_MODULE, parsed=_parsed, words=(name,), seconds=_LONGEST)
    except UnableToRead as problem:
        _log.warning("The mapping of %s could not be read (%s).", name, problem)
        return None


def _parsed(document: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        **{
            **document,
            "fields": [Field(**each) for each in document["fields"]],
            "rules": [Rule(**each) for each in document["rules"]],
        }
    )


def _words_of_field(each: Field) -> str:
    parts = (each.path, *each.sources, *each.queries, each.transform, each.meaning, *each.rules)
    return " ".join(parts).lower()


def _words_of_rule(each: Rule) -> str:
    return " ".join((each.code, *each.paths, each.explanation, each.stated, each.severity)).lower()


def _has(wanted: Sequence[str], text: str) -> bool:
    return all(word in text for word in wanted)
