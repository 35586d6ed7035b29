"""Each Kraken: the budget that all waves share, the rate, outages, and what holds a wave back now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response

from kraken_import.console.asking import Ask, Asked
from kraken_import.console.charts import hour_of
from kraken_import.console.shared import shared
from kraken_import.tracking import traffic
from kraken_import.usecases.traffic import traffic_of

router = APIRouter()


@router.get("/kraken")
def kraken(asked: Ask) -> Any:
    """Show how each Kraken is used now."""
    return shared(asked=asked, make=_kraken)


def _kraken(asked: Asked) -> Response:
    with asked.read() as connection:
        targets = traffic.krakens(connection=connection, dialects=asked.dialects)
        found = [
            traffic_of(connection=connection, target_kraken=each, dialects=asked.dialects) for each in targets
        ]
    now = datetime.now(UTC)
    return asked.page("kraken", lines=[(each, hour_of(flow=each.flow, now=now)) for each in found])
