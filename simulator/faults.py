"""Faults on request, for tests: what a real Kraken or the network in between may do."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = {
    "drop_before": "close the connection before the request takes effect",
    "drop_after": "close the connection after the request took effect, without an answer",
    "error": "answer with HTTP `status` (default 503)",
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


class UnknownFault(ValueError):
    """A fault of a kind that does not exist, or for an operation that does not."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """`operation` is validate, create, status or any; `count` how often it strikes (None: for ever)."""

    kind: str
    operation: str = "any"
    count: int | None = None
    probability: float = 1.0
    keys: frozenset[str] | None = None
    status: int | str | None = None
    seconds: float = 1.0
    most: int = 0


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults that are set, asked in the order in which they were."""

    active: list[Fault] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(0))

    def set(self, *, wanted: Mapping[str, Any]) -> None:
        """Add a fault from a JSON object. Raises `UnknownFault`."""
        fields = dict(wanted)
        if "seed" in fields:
            self._random.seed(fields.pop("seed"))
        if fields.get("keys") is not None:
            fields["keys"] = frozenset(fields["keys"])
        try:
            fault = Fault(**fields)
        except TypeError:
            raise UnknownFault(f"a fault has the fields {', '.join(Fault.__slots__)} and seed") from None
        if fault.kind not in KINDS or fault.operation not in ("any", "validate", "create", "status"):
            raise UnknownFault(f"the kinds of fault are {', '.join(KINDS)}")
        self.active.append(fault)

    def strikes(self, *, kind: str, operation: str, key: str) -> Fault | None:
        """The fault of this kind that strikes now, which uses up one of its strikes."""
        for fault in self.active:
            if (
                fault.kind == kind
                and fault.operation in ("any", operation)
                and fault.count != 0
                and (fault.keys is None or key in fault.keys)
                and (fault.probability >= 1 or self._random.random() < fault.probability)
            ):
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None
