"""Faults on request, for tests: what a real Kraken or the network in between may do."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = {
    "drop_before": "close the connection before the request takes effect",
    "drop_after": "close the connection after the request took effect, without an answer",
    "error": "answer with HTTP `status` (default 503), without effect",
    "error_after": "answer with HTTP `status` (default 502) although the request took effect",
    "throttle": "answer a create with 429 and Retry-After `seconds`",
    "limit_in_progress": "answer a create with 429 while `most` processes are under way",
    "unauthorised": "answer 401",
    "forbidden": "answer 403",
    "supplier_paused": "answer 400 import_supplier_migration_not_ongoing",
    "failed_validation": "answer a create with 400 import_process_failed_validation",
    "unknown_status": "name the status `status` (default ON_HOLD)",
    "invisible": "answer 404 to a status for `seconds` after the create",
    "slow": "answer after `seconds`",
}
OPERATIONS: Final = ("any", "validate", "create", "status", "list")


class UnknownFault(ValueError):
    """A fault that cannot be set, and why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """`operation` is validate, create, status, list or any; `count` how often it strikes (None: for ever)."""

    kind: str
    operation: str = "any"
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    keys: frozenset[str] | None = None
    status: int | str | None = None
    seconds: float = 1.0
    most: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        """Strike the same requests for the same seed."""
        self._random.seed(self.seed)

    def strikes(self, *, key: str) -> bool:
        """Whether it strikes a request for this external identifier, which uses up one of its strikes."""
        if self.count == 0 or (self.keys is not None and key not in self.keys):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        if self.count is not None:
            self.count -= 1
        return True

    def described(self) -> dict[str, Any]:
        """What it does and what is left of it."""
        return {"kind": self.kind, "operation": self.operation, "count": self.count}


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults that are set, asked in the order in which they were."""

    active: list[Fault] = field(default_factory=list)

    def set(self, *, wanted: Any) -> None:
        """Add a fault from a JSON document. Raises `UnknownFault`."""
        self.active.append(_read(wanted=wanted))

    def strikes(self, *, kind: str, operation: str, key: str) -> Fault | None:
        """The fault of this kind that strikes now, which uses up one of its strikes."""
        for fault in self.active:
            if fault.kind == kind and fault.operation in ("any", operation) and fault.strikes(key=key):
                return fault
        return None


_NUMBERS: Final = {
    "count": (int, "count is how often it strikes"),
    "seed": (int, "seed is a whole number"),
    "most": (int, "most is a number of processes"),
    "seconds": (int | float, "seconds is a number"),
    "probability": (int | float, "probability is a number from 0 to 1"),
}


def _read(*, wanted: Any) -> Fault:
    if not isinstance(wanted, Mapping):
        raise UnknownFault("A fault is a JSON object.")
    fields = {name: value for name, value in wanted.items() if value is not None}
    known = {"kind", "operation", "keys", "status", *_NUMBERS}
    if not fields.keys() <= known:
        raise UnknownFault(f"A fault has the fields {', '.join(sorted(known))}.")
    if fields.get("kind") not in KINDS:
        raise UnknownFault(f"The kinds of fault are {', '.join(KINDS)}.")
    if fields.get("operation", "any") not in OPERATIONS:
        raise UnknownFault(f"The operations are {', '.join(OPERATIONS)}.")
    for name, (kind, meaning) in _NUMBERS.items():
        value = fields.get(name, 0)
        if not isinstance(value, kind) or isinstance(value, bool) or (value < 0 and name != "seed"):
            raise UnknownFault(f"{meaning.capitalize()}, not negative.")
    if fields["kind"].startswith("error") and not _is_http_error(fields.get("status", 503)):
        raise UnknownFault("The status of an error is an HTTP status from 400 to 599.")
    keys = fields.get("keys")
    if keys is not None:
        if not isinstance(keys, list):
            raise UnknownFault("Keys are a list of external identifiers.")
        fields["keys"] = frozenset(map(str, keys))
    return Fault(**fields)


def _is_http_error(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599
