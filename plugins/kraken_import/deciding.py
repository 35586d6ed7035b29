"""The order of a run to decide about records: Kraken is asked through the Connection of their wave."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret
from sqlalchemy import Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.connections import kraken_settings, read_kraken_settings
from kraken_import.usecases.decide import connection_of, decide
from kraken_import.usecases.systems import connected


def decide_as_ordered(*, tracking: Engine, params: Mapping[str, Any], ordered_by: str) -> str:
    """Decide as the run's parameters say. Returns one sentence on what follows; raises `BadRequest`."""
    wave = params["wave"] or ""
    connection_id = connection_of(tracking=tracking, wave=wave)

    async def refresh() -> KrakenSettings:
        settings = await read_kraken_settings(connection_id=connection_id)
        mask_secret(settings.token)
        return settings

    settings = kraken_settings(connection=BaseHook.get_connection(connection_id))
    mask_secret(settings.token)
    return asyncio.run(
        decide(
            systems=connected(tracking=tracking, kraken=settings, refresh=refresh),
            wave=wave,
            identifiers=params["identifiers"] or (),
            answer=params["answer"] or "",
            decided_by=ordered_by,
            reason=params["reason"] or "",
        )
    )
