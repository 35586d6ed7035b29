"""Faults on request, for tests: when each strikes. What the kinds do is in `kinds.py`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kraken_import.simulator.keys import Key
from kraken_import.simulator.kinds import FIELDS, KINDS, OPERATIONS


class UnknownFault(ValueError):
    """A fault that cannot be set, and why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """When it strikes: `count` None is for ever, and `after` and `until` are seconds since it was `set_at`.

    The rest is what it does, with the defaults of its kind.
    """

    kind: str
    operation: str
    set_at: float
    count: int | None = None
    skip: int = 0
    after: float = 0.0
    until: float | None = None
    probability: float = 1.0
    seed: int = 0
    keys: frozenset[str] | None = None
    suppliers: frozenset[str] | None = None
    how: str = ""
    status: int | str | None = None
    seconds: float = 1.0
    most: int = 0
    retry_after: str | None = None
    effect: bool = True
    event: bool = False
    account_id: str | None = None
    kraken_identifier: str | None = None
    words: str = ""
    named: str = ""
    path: str = ""
    struck: int = 0

    @property
    def code(self) -> int:
        """The HTTP status that it answers with."""
        return int(self.status or 0)

    def strikes(self, *, operation: str, key: Key | None, number: int, now: float) -> bool:
        """Whether it strikes the request, the `number`-th of its key, which uses up one of its strikes.

        `now` as `set_at`.
        """
        if self.count == 0 or not self._concerns(operation=operation, key=key, now=now):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if (
            self.probability < 1
            and self._draw(operation=operation, key=key, number=number) >= self.probability
        ):
            return False
        if self.count is not None:
            self.count -= 1
        self.struck += 1
        return True

    def described(self) -> dict[str, Any]:
        """What it does, to what and when, what is left of it and how often it struck."""
        return {
            "kind": self.kind,
            "operation": self.operation,
            "count": self.count,
            "struck": self.struck,
            "keys": None if self.keys is None else sorted(self.keys),
            "status": self.status,
            "after": self.after,
            "until": self.until,
        }

    def _concerns(self, *, operation: str, key: Key | None, now: float) -> bool:
        if self.operation not in ("any", operation):
            return False
        if self.keys is not None and (key is None or key.external_identifier not in self.keys):
            return False
        if self.suppliers is not None and (key is None or key.import_supplier not in self.suppliers):
            return False
        age = now - self.set_at
        return age >= self.after and (self.until is None or age < self.until)

    def _draw(self, *, operation: str, key: Key | None, number: int) -> float:
        """Return a number from 0 to 1 for the n-th request of a key, whatever other requests came in between.

        Drawn from the request rather than in sequence, because requests of a wave arrive in any order.
        """
        text = "\0".join((str(self.seed), self.kind, operation, *(key or ()), str(number)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults that are set, asked in the order in which they were."""

    active: list[Fault] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic

    def set(self, *, wanted: Any) -> None:
        """Add a fault from a JSON document. Raises `UnknownFault`."""
        self.active.append(_read(wanted=wanted, now=self.clock()))

    def strikes(
        self,
        *,
        kind: str,
        operation: str,
        key: Key | None,
        number: int = 1,
        where: Callable[[Fault], bool] | None = None,
    ) -> Fault | None:
        """The fault of this kind that strikes the `number`-th request of a key, which uses up one strike.

        `where` says which faults have something to strike; the others keep their strikes.
        """
        for fault in self.active:
            if fault.kind != kind or (where is not None and not where(fault)):
                continue
            if fault.strikes(operation=operation, key=key, number=number, now=self.clock()):
                return fault
        return None


_NUMBERS: Final = {
    "count": (int, "Count is how often it strikes, not negative."),
    "skip": (int, "Skip is a number of requests, not negative."),
    "seed": (int, "Seed is a whole number."),
    "most": (int, "Most is a number of processes or requests, not negative."),
    "after": (int | float, "After is a number of seconds, not negative."),
    "until": (int | float, "Until is a number of seconds, not negative."),
    "seconds": (int | float, "Seconds is a number, negative for a clock alone."),
    "probability": (int | float, "Probability is a number from 0 to 1."),
}
_WHEN: Final = frozenset(
    ("kind", "operation", "count", "skip", "after", "until", "probability", "seed", "keys", "suppliers")
)
_TEXTS: Final = ("account_id", "kraken_identifier", "words", "named", "path")
_SWITCHES: Final = ("effect", "event")
_LISTS: Final = {"keys": "external identifiers", "suppliers": "import suppliers"}


def _read(*, wanted: Any, now: float) -> Fault:
    if not isinstance(wanted, Mapping):
        raise UnknownFault("A fault is a JSON object.")
    fields = {name: value for name, value in wanted.items() if value is not None}
    known = _WHEN | FIELDS
    if not fields.keys() <= known:
        raise UnknownFault(f"A fault has the fields {', '.join(sorted(known))}.")
    name = fields.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise UnknownFault(f"The kinds of fault are {', '.join(KINDS)}.")
    kind = KINDS[name]
    unused = sorted(fields.keys() - _WHEN - kind.fields)
    if unused:
        raise UnknownFault(f"A fault of kind {name} takes no {' and no '.join(unused)}.")
    _check_when(fields=fields)
    _check_what(fields=fields)
    values = {**kind.defaults, **fields, "set_at": now}
    for each in _LISTS:
        if each in fields:
            values[each] = frozenset(map(str, fields[each]))
    return Fault(**values)


def _check_when(*, fields: Mapping[str, Any]) -> None:
    """Whether it says when to strike. Raises `UnknownFault`."""
    kind = KINDS[fields["kind"]]
    operation = fields.get("operation", "any")
    if operation not in OPERATIONS:
        raise UnknownFault(f"The operations are {', '.join(OPERATIONS)}.")
    if operation != "any" and operation not in kind.operations:
        raise UnknownFault(
            f"A fault of kind {fields['kind']} strikes {' and '.join(kind.operations)}, not {operation}."
        )
    for name, (type_, sentence) in _NUMBERS.items():
        value = fields.get(name, 0)
        may_be_negative = name == "seed" or (name == "seconds" and fields["kind"] == "skew")
        if not isinstance(value, type_) or isinstance(value, bool) or (value < 0 and not may_be_negative):
            raise UnknownFault(sentence)
    if fields.get("probability", 1) > 1:
        raise UnknownFault(_NUMBERS["probability"][1])
    if fields.get("until") is not None and fields["until"] <= fields.get("after", 0):
        raise UnknownFault("Until is later than after.")
    for name, meaning in _LISTS.items():
        if name not in fields:
            continue
        if not isinstance(fields[name], list):
            raise UnknownFault(f"{name.capitalize()} are a list of {meaning}.")
        if not kind.knows_key:
            raise UnknownFault(
                f"A fault of kind {fields['kind']} strikes before the key is read, so it takes no {name}."
            )


def _check_what(*, fields: Mapping[str, Any]) -> None:
    """Whether it says what its kind can do. Raises `UnknownFault`."""
    kind = KINDS[fields["kind"]]
    for name in _TEXTS:
        if not isinstance(fields.get(name, ""), str):
            raise UnknownFault(f"The {name} of a fault is a text.")
    for name in _SWITCHES:
        if not isinstance(fields.get(name, True), bool):
            raise UnknownFault(f"The {name} of a fault is true or false.")
    if fields.get("how", kind.how[0] if kind.how else None) not in (*kind.how, None):
        raise UnknownFault(f"The ways of a fault of kind {fields['kind']} are {', '.join(kind.how)}.")
    if fields.get("retry_after", "seconds") not in ("seconds", "date"):
        raise UnknownFault("The retry_after of a fault is seconds or date.")
    if "status" in fields and not kind.takes_status(fields):
        raise UnknownFault(f"The status of a fault of kind {fields['kind']} is {kind.statuses}.")
