"""The mappings of dialects, read in a process of their own and kept: the server stays light.

The first page that asks for one begins to read it; until it is there the page says so, and then shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from kraken_import.console.kept import Kept
from kraken_import.usecases.elsewhere import read_elsewhere

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


class Catalogues:
    """Mappings that were read, by dialect."""

    def __init__(self) -> None:
        self._kept: Kept[Catalogue] = Kept(
            lasts=_FRESH, after_a_fault=_AFTER_A_FAULT, what="The mapping of {key}"
        )

    def get(self, *, name: str) -> Catalogue | None:
        """Return the mapping of a dialect; None while it is read. Raises `UnableToReadMapping`."""
        known = self._kept.of(key=name, find_out=partial(_catalogue, name=name), patience=0)
        if known is None and self._kept.has_failed(key=name):
            raise UnableToReadMapping(
                f"The mapping of {name} cannot be read now: `kraken-migrate doctor` says what is wrong "
                "with the dialect; this page tries again by itself."
            )
        return None if known is None else known.found


def _catalogue(*, name: str) -> Catalogue:
    return read_elsewhere(module=_MODULE, parsed=_parsed, words=(name,), seconds=_LONGEST)


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
