"""Gives Airflow's metrics what happens to records: batch by batch, and every ten minutes what stands open.

Airflow's own settings say whether they go anywhere and where (StatsD, DogStatsD or OpenTelemetry). Tags are
dialects, steps, states, causes and ids of Connections: no wave, no customer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats

_PREFIX: Final = "kraken_migration"
_WITH_TAGS: Final = ("statsd_datadog_enabled", "otel_on")
_log = logging.getLogger(__name__)


def are_wanted() -> bool:
    """Return whether this Airflow sends metrics anywhere."""
    return any(conf.getboolean("metrics", name, fallback=False) for name in ("statsd_on", *_WITH_TAGS))


def count_records(
    *, step: str, dialect: str, counts: Mapping[str, int], through: ModuleType | None = None
) -> None:
    """Count the records of a batch that has ended a step, by the state they stand in then.

    Triggerers send by another copy of Airflow's module, which they give as `through`.
    """
    for state, records in counts.items():
        if records:
            tags = {"dialect": dialect, "step": step, "state": state}
            _send(kind="incr", name="records", value=records, tags=tags, through=through)


def count_hold_back(*, dialect: str, why: str) -> None:
    """Count a batch that begins to wait, by what it waits for."""
    _send(kind="incr", name="held_back", value=1, tags={"dialect": dialect, "why": why})


def gauge(*, name: str, value: float, tags: Mapping[str, str]) -> None:
    """Give the present value of what is looked at from time to time."""
    _send(kind="gauge", name=name, value=value, tags=tags)


def _send(
    *, kind: str, name: str, value: float, tags: Mapping[str, str], through: ModuleType | None = None
) -> None:
    """Send one value. What goes wrong here is told in one sentence, and changes nothing for the records."""
    parts = [_PREFIX, name]
    try:
        if not are_wanted():
            return
        if _carries_tags():
            said: dict[str, Any] = {"tags": dict(tags)}
        else:
            # Without tags values of different records would be added up.
            parts, said = [*parts, *tags.values()], {}
        getattr(through or stats, kind)(".".join(parts), value, **said)
    except Exception as error:
        _log.warning("A metric was not sent (%s): the wave goes on.", type(error).__name__)


def _carries_tags() -> bool:
    return any(
        conf.getboolean("metrics", name, fallback=False) for name in (*_WITH_TAGS, "statsd_influxdb_enabled")
    )
