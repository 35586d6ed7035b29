"""Each Kraken: the budget that all waves share, the rate, outages, and what holds a wave back now."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection

from kraken_import.console.asking import Ask, Asked
from kraken_import.console.charts import hour_of
from kraken_import.tracking import traffic
from kraken_import.usecases.traffic import Traffic, traffic_of

router = APIRouter()

_CURRENT: Final = 1.0
"""Seconds for which what was read is shown to all who ask: a page that is open asks every four."""
_READ: Final[dict[tuple[str, str, tuple[str, ...]], tuple[float, Traffic]]] = {}
"""By tracking database, Kraken and the dialects that may be read."""


@router.get("/kraken")
def kraken(asked: Ask) -> Any:
    """Show how each Kraken is used now."""
    with asked.read() as connection:
        targets = traffic.krakens(connection=connection, dialects=asked.dialects)
        found = [_traffic(asked=asked, connection=connection, target_kraken=each) for each in targets]
    now = datetime.now(UTC)
    return asked.page("kraken", lines=[(each, hour_of(flow=each.flow, now=now)) for each in found])


def _traffic(*, asked: Asked, connection: Connection, target_kraken: str) -> Traffic:
    key = (asked.place, target_kraken, tuple(asked.dialects))
    read_at, found = _READ.get(key, (0.0, None))
    if found is None or time.monotonic() - read_at > _CURRENT:
        found = traffic_of(connection=connection, target_kraken=target_kraken, dialects=asked.dialects)
        _READ[key] = (time.monotonic(), found)
    return found
