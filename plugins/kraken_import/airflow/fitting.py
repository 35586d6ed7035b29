"""Ends a trigger's work once the tracking database has another schema than this package was made for.

Tasks compare the two when they begin. A trigger may wait for hours, while another machine is upgraded.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from sqlalchemy import Engine

from kraken_import.tracking import migrate
from kraken_import.usecases.poller import HICCUPS

_LOOK_AGAIN: Final = 30.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_FITTED: Final[dict[Engine, float]] = {}
"""When a database last had the right schema, on this process's monotonic clock: all its triggers share it."""


async def while_it_fits(*, tracking: Engine, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Begin work, and return its result. Raises `UnableToUseTracking` where the schema is another one.

    Work that has begun is broken off then, as at the end of the process: what it had not recorded is asked
    about again.
    """
    await asyncio.to_thread(_check, tracking=tracking)
    watching = asyncio.create_task(_watch(tracking=tracking))
    working = asyncio.create_task(work())
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else watching.result()
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _watch(*, tracking: Engine) -> Any:
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        try:
            await asyncio.to_thread(_check, tracking=tracking)
        except HICCUPS as hiccup:
            # The work meets it too, and says so.
            _log.debug("The schema could not be looked at (%s).", type(hiccup).__name__)


def _check(*, tracking: Engine) -> None:
    now = time.monotonic()
    if tracking in _FITTED and now - _FITTED[tracking] < _LOOK_AGAIN / 2:
        return
    migrate.check(engine=tracking)
    _FITTED[tracking] = now
