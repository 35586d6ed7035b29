"""The pages of the console, a module each; `ROUTERS` are all of them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from kraken_import.console.routes import customers, cutover, data, kraken, orders, plan, triage, wave, waves

ROUTERS: Final[tuple[APIRouter, ...]] = (
    waves.router,
    wave.router,
    plan.router,
    triage.router,
    customers.router,
    orders.router,
    kraken.router,
    cutover.router,
    data.router,
)
