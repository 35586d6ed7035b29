"""The stand-in Kraken of a history, and what it accepted: the model that tracking has to agree with."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from kraken_import.simulator.app import Simulator
from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process
from kraken_import.simulator.replies import Reply
from kraken_import.simulator.routes import Envelope
from kraken_import.simulator.visits import Visit

TOKEN = "token-of-the-histories"  # noqa: S105
"""Of a Kraken that is made up."""

_WITHOUT_CUSTOMER: Final = frozenset({"ERRORED", "CANCELLED", "DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED"})
LASTS: Final = (6.0, 22.0)
"""Seconds of a history's rough part, at least and at most, from the first request on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A create that took effect."""

    key: Key
    digest: str
    is_dry_run: bool
    is_after_end: bool
    """Whether one before it had ended without a customer."""


@dataclass(slots=True, kw_only=True)
class Witness(Simulator):
    """The stand-in, which tells of each create that takes effect before anything else happens."""

    accepted: list[Accepted] = field(default_factory=list)
    tell: Callable[[Accepted], None] = lambda _: None
    fails: Callable[[], bool] = lambda: False
    """Whether an import that it has taken is to end in error."""
    rough_from: str = "validate"
    """The operation with which times become rough: its faults wait for the first such request."""
    _began: float | None = None

    def rough_time(self) -> float:
        """Seconds since times became rough; 0 before."""
        now = self.clock()
        if self._began is None and self.rough_from in self.traffic.received:
            self._began = now
        return 0.0 if self._began is None else now - self._began

    def _create(self, key: Key, opened: Envelope, visit: Visit) -> Reply:
        earlier = self.store.processes.get(key)
        before = _creates(earlier)
        is_after_end = (
            earlier is not None and self.store.status(process=earlier, now=self.clock()) in _WITHOUT_CUSTOMER
        )
        reply = Simulator._create(self, key, opened, visit)
        process = self.store.processes.get(key)
        if process is not None and _creates(process) > before:
            if process.error is None and self.fails():
                self.store.processes[key] = process._replace(error=("drawn", "It was drawn."))
            accepted = Accepted(
                key=key,
                digest=digest(document=opened.payload),
                is_dry_run=process.is_dry_run,
                is_after_end=is_after_end,
            )
            self.accepted.append(accepted)
            self.tell(accepted)
        return reply


def digest(*, document: Any) -> str:
    """What tells payloads apart, however they are written."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def _creates(process: Process | None) -> int:
    return 0 if process is None else process.live_creates + process.dry_run_creates


def draw_faults(*, rng: random.Random, lasts: float) -> list[dict[str, Any]]:
    """The faults of a history, each as the stand-in's API takes it; all end after `lasts` seconds."""
    faults = [_drawn(rng, lasts) for _ in range(rng.choice((0, 2, 3, 4, 6)))]
    if rng.random() < 0.3:
        # What the client takes for lost has an effect, which shows itself later.
        lost = rng.choice(_UNSEEN)
        faults += [
            {**lost, "operation": "create", "probability": 0.7, "until": lasts},
            {"kind": "invisible", "seconds": round(rng.uniform(0.5, 2.9), 1), "until": lasts},
        ]
    if rng.random() < 0.25:
        # It refuses at first, and later what it takes is not answered.
        turn = round(rng.uniform(1, lasts - 1), 1)
        faults += [
            {"kind": "throttle", "seconds": 1, "operation": "create", "probability": 0.7, "until": turn},
            {**rng.choice(_UNSEEN), "operation": "create", "probability": 0.7, "after": turn, "until": lasts},
        ]
    if rng.random() < 0.7:
        # Kraken documents nothing that keeps it from taking a record twice.
        faults.append({"kind": "forgotten", "how": "accept", "operation": "create"})
    if rng.random() < 0.5:
        faults.append(
            {
                "kind": "recreate",
                "how": rng.choice(("refuse", "accept", "in_place")),
                "event": rng.random() < 0.5,
            }
        )
    return faults


def _drawn(rng: random.Random, lasts: float) -> dict[str, Any]:
    fault = dict(rng.choice(_FAULTS))
    fault["probability"] = rng.choice((0.05, 0.2, 0.4, 0.7, 1.0))
    fault["seed"] = rng.randrange(1_000_000)
    if "seconds" in fault:
        least, most = fault["seconds"]
        fault["seconds"] = round(rng.uniform(least, most), 1)
    # Waves of a few records are created within seconds, unless something is in their way.
    fault["after"] = round(min(lasts / 2, rng.choice((0.0, rng.expovariate(1 / 6)))), 1)
    fault["until"] = round(min(lasts, fault["after"] + rng.expovariate(1 / (lasts / 3)) + 1), 1)
    if rng.random() < 0.2:
        fault["count"] = rng.randrange(1, 6)
    return fault


_LOSSES = ("close", "reset")
_UNSEEN: tuple[dict[str, Any], ...] = (
    {"kind": "drop_after", "how": "reset"},
    {"kind": "error_after"},
    *({"kind": "late", "how": how, "seconds": 2.5} for how in ("silence", *_LOSSES)),
)
_FAULTS: tuple[dict[str, Any], ...] = (
    *({"kind": "drop_upload", "how": how} for how in _LOSSES),
    *({"kind": "drop_before", "how": how} for how in _LOSSES),
    *({"kind": "drop_after", "how": how} for how in _LOSSES),
    *({"kind": "drop_after", "how": how, "operation": "create"} for how in _LOSSES),
    *({"kind": "drop_status_line", "how": how} for how in _LOSSES),
    *({"kind": "drop_body", "how": how} for how in _LOSSES),
    {"kind": "slow", "seconds": (0.5, 20)},
    *(
        {"kind": "late", "how": how, "seconds": (0.5, 3), "operation": "create"}
        for how in ("answer", "silence", *_LOSSES)
    ),
    {"kind": "hang"},
    {"kind": "error"},
    {"kind": "error", "status": 500, "operation": "create"},
    {"kind": "error_after"},
    {"kind": "error_after", "operation": "create"},
    *({"kind": "garbled", "how": how} for how in ("html", "broken_json", "empty", "invalid_utf8")),
    {"kind": "garbled", "how": "html", "status": 400, "effect": False},
    {"kind": "garbled", "how": "html", "status": 404, "effect": False, "operation": "status"},
    *({"kind": "maintenance", "how": how} for how in ("json", "html", *_LOSSES)),
    {"kind": "limit_in_flight", "most": 3},
    {"kind": "throttle", "seconds": (1, 20)},
    {"kind": "limit_in_progress", "most": 2, "seconds": (1, 5)},
    {"kind": "unauthorised"},
    {"kind": "forbidden"},
    {"kind": "supplier_paused"},
    {"kind": "failed_validation"},
    {"kind": "imported_elsewhere"},
    {"kind": "unknown_status"},
    {"kind": "never_ends"},
    {"kind": "backwards"},
    {"kind": "invisible", "seconds": (0.5, 2.9)},
    {"kind": "skew", "how": "clock", "seconds": (-4, 600)},
    {"kind": "no_date"},
)
"""What may go wrong at Kraken. Seconds are the least and the most that are drawn."""
