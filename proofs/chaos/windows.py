"""The Connection of the stand-in while parts are killed: as soon to be believed as the stand-in deserves."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kraken_import.local import targets
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running

WINDOWS: Final[Mapping[str, float]] = {"connect_timeout": 5, "request_timeout": 10, "visibility_window": 5}
"""Seconds. That Kraken does not have a create whose sender was killed is believed two visibility windows and
the longest time of a request after its intent: two minutes by default, for a Kraken far away and under load.
The stand-in answers within a second and shows a create at once, so 20 seconds prove as much of it."""


@contextlib.contextmanager
def quick_windows(*, running: Running, also: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Set WINDOWS in the Connection `kraken`, and `also`, until the block ends, and then restore it."""
    before = _extra(running=running)
    _set(running=running, extra={**before, **WINDOWS, **(also or {})})
    try:
        yield
    finally:
        # An Airflow that was killed last and does not answer yet is stopped too.
        with contextlib.suppress(StackProblem):
            _set(running=running, extra=before)


def _extra(*, running: Running) -> dict[str, Any]:
    api = running.airflow()
    try:
        found = api.connection(connection_id="kraken") or {}
    finally:
        api.close()
    extra: dict[str, Any] = json.loads(found.get("extra") or "{}")
    return extra


def _set(*, running: Running, extra: Mapping[str, Any]) -> None:
    wanted = next(
        each for each in targets.connections(systems=running.systems) if each["connection_id"] == "kraken"
    )
    api = running.airflow()
    try:
        api.put_connection(fields={**wanted, "extra": json.dumps(extra)})
    finally:
        api.close()
