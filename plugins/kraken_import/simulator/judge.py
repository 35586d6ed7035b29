"""Judges payloads by the form of their import supplier, on Kraken's day, with the records it has already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from kraken_import.simulator.keys import Key
from kraken_import.simulator.passed import Passed
from kraken_import.simulator.rules import FORMS, judge
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.rules.forms import Form
from kraken_import.simulator.store import Store
from kraken_import.simulator.suppliers import DEFAULTS, unknown_supplier


@dataclass(slots=True, kw_only=True)
class Judge:
    """`suppliers` are the codes of the import suppliers, each with the form of its payloads."""

    store: Store
    suppliers: Mapping[str, str] = field(default_factory=lambda: DEFAULTS)
    _passed: Passed = field(default_factory=Passed)
    """What was found right, so that a create of the same is not judged again."""

    def form(self, *, key: Key) -> Form | None:
        """Return the form of a supplier's payloads; None if it is unknown or of the other resource."""
        form = FORMS.get(self.suppliers.get(key.import_supplier, ""))
        return form if form is not None and form.resource == key.resource else None

    def objections(
        self, *, key: Key, payload: Mapping[str, Any], today: date, now: float
    ) -> tuple[Objection, ...]:
        """Everything that the payload is refused for, on a day and at a time in seconds since 1970."""
        form = self.form(key=key)
        if form is None:
            return (unknown_supplier(payload=payload),)

        def is_taken(namespace: str, value: str) -> bool:
            return self.store.is_taken(namespace=namespace, value=value, by=key, now=now)

        seen = hash((key, today, orjson.dumps(payload)))
        number = self.store.processes.numbering.number(key=key)
        if self._passed.has(number=number, fingerprint=seen) and not any(
            is_taken(*each) for each in form.references(payload)
        ):
            return ()
        found = judge(form=form.name, payload=payload, today=today, is_taken=is_taken)
        if not found:
            self._passed.add(number=number, fingerprint=seen)
        return found
