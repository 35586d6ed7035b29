"""What a step of a wave works with: the databases, one Kraken, and a clock."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import processes

Refresh: TypeAlias = Callable[[], Awaitable[KrakenSettings]]
"""Reads the Connection again, after Kraken refused its token."""

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time by this machine's clock, for purposes that prove nothing."""
    return datetime.now(UTC)


def database_clock(*, engine: Engine) -> Clock:
    """Return the tracking database's clock, read once and continued by this process's own seconds."""
    read_at = time.monotonic()
    began = processes.present(engine=engine)
    return lambda: began + timedelta(seconds=time.monotonic() - read_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The tracking database, Kraken's settings and how to read them again, and the clock that counts."""

    tracking: Engine
    kraken: KrakenSettings
    refresh: Refresh
    clock: Clock

    @property
    def window(self) -> timedelta:
        """How long a create may stay invisible at the status endpoint."""
        return timedelta(seconds=self.kraken.visibility_window)

    @property
    def longest_request(self) -> timedelta:
        """How long a request may be under way."""
        return timedelta(seconds=self.kraken.request_timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystems(Systems):
    """Also has the legacy database; `writeback` is the same under the role that may hold customers."""

    legacy: Engine
    writeback: Engine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSystems:
    """What planning reads and writes: nothing is asked of Kraken."""

    tracking: Engine
    legacy: Engine
    kraken: KrakenSettings


def connected(*, tracking: Engine, kraken: KrakenSettings, refresh: Refresh) -> Systems:
    """Return the systems with the tracking database's own clock."""
    return Systems(tracking=tracking, kraken=kraken, refresh=refresh, clock=database_clock(engine=tracking))
