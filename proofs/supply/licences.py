"""Holds the licence of each package that production installs against the list of those that may be linked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.utils import canonicalize_name

from kraken_import.local.settings import ROOT
from proofs.supply import tools
from proofs.supply.reading import PRODUCTION, REVIEWED, Pin, Reviewed, pins

_UNKNOWN: Final = "UNKNOWN"
_LONGEST: Final = 80
"""A longer text is the licence itself, not its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a package says of its licence: an SPDX expression, or the names that it gives."""

    version: str
    statements: tuple[str, ...]

    @property
    def licence(self) -> str:
        """The statements as one text; empty where there is none."""
        return " / ".join(self.statements)


def installed() -> Mapping[str, Declared]:
    """Return what each package of the environment declares, by name."""
    python = str(ROOT / ".venv" / "bin" / "python")
    listed = tools.run("pip-licenses", "--python", python, "--from=all", "--format=json", "--with-system")
    return {
        canonicalize_name(each["Name"]): Declared(version=each["Version"], statements=_statements(each))
        for each in json.loads(listed.stdout)
    }


def _statements(each: Mapping[str, str]) -> tuple[str, ...]:
    if each["License-Expression"] != _UNKNOWN:
        return (each["License-Expression"],)
    name = each["License-Metadata"].strip()
    named = [] if name == _UNKNOWN or "\n" in name or len(name) > _LONGEST else [name]
    classified = each["License-Classifier"].split("; ")
    return tuple(dict.fromkeys([*named, *(one for one in classified if one != _UNKNOWN)]))


def of_production() -> Sequence[Pin]:
    """Return what production installs on this machine's kind with this Python."""
    return [each for each in pins(lock=PRODUCTION) if each.is_for_this_python]


def objections(
    *, wanted: Sequence[Pin], declared: Mapping[str, Declared], reviewed: Reviewed
) -> Sequence[str]:
    """Return one sentence for each package that may not be used as it is."""
    return [
        sentence
        for pin in wanted
        if (sentence := _objection(pin=pin, told=declared.get(pin.name), reviewed=reviewed))
    ]


def _objection(*, pin: Pin, told: Declared | None, reviewed: Reviewed) -> str | None:
    if told is None or told.version != pin.version:
        found = "not installed" if told is None else f"installed as {told.version}"
        return f"{pin.name} {pin.version} is locked and {found}: run `make install`, then look again."
    allowance = reviewed.packages.get(pin.name)
    if allowance is not None and allowance.licence == told.licence:
        return None
    if told.statements and all(is_allowed(statement=each, reviewed=reviewed) for each in told.statements):
        return None
    says = f"is under {told.licence}, which is not on the list" if told.statements else "names no licence"
    return (
        f"{pin.name} {pin.version} {says}: take another library, or let a person who may decide it "
        f"write into {REVIEWED.relative_to(ROOT)} why it may be used."
    )


def is_allowed(*, statement: str, reviewed: Reviewed) -> bool:
    """Return whether an SPDX expression, or a name that stands for one, permits a licence of the list."""
    words = re.findall(r"[()]|[^\s()]+", reviewed.names.get(statement, statement))
    try:
        answer = _either(words, reviewed.allowed)
    except IndexError:
        return False
    return answer and not words


def _either(words: list[str], allowed: frozenset[str]) -> bool:
    answer = _both(words, allowed)
    while words and words[0] == "OR":
        words.pop(0)
        # Not `or`: the words of the other side have to be taken all the same.
        answer |= _both(words, allowed)
    return answer


def _both(words: list[str], allowed: frozenset[str]) -> bool:
    answer = _one(words, allowed)
    while words and words[0] == "AND":
        words.pop(0)
        answer &= _one(words, allowed)
    return answer


def _one(words: list[str], allowed: frozenset[str]) -> bool:
    name = words.pop(0)
    if name == "(":
        answer = _either(words, allowed)
        return words.pop(0) == ")" and answer
    if words and words[0] == "WITH":
        name = " ".join([name, words.pop(0), words.pop(0)])
    return name in allowed
