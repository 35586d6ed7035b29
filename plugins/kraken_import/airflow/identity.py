"""Identifies this Airflow: the name under which all its machines hold the tracking database.

The name is kept in a Variable, since the machines of one Airflow share its metadata database.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock, Thread
from typing import Final

from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRuntimeError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kraken_import.airflow.links import base_url
from kraken_import.tracking import installation, migrate
from kraken_import.usecases.faults import Retryable
from transforms.database import DatabaseInterrupted, UnableToQuery

VARIABLE: Final = "migration_installation"

_RENEW_SECONDS: Final = 300.0
_SETTLE_SECONDS: Final = 2.0
_HICCUPS: Final = (SQLAlchemyError, DatabaseInterrupted, UnableToQuery, AirflowRuntimeError, PermissionError)

_UNREAD: Final = (
    f"Airflow could not read its Variable {VARIABLE}: the task is tried again; if that goes on, see whether "
    "the API server is healthy, and delete the Variable if it is empty."
)
_UNSEEN: Final = "The tracking database could not be told that this Airflow is alive: %s."
_log = logging.getLogger(__name__)
_HELD: Final[set[Engine]] = set()
_KEPT: Final[dict[Engine, float]] = {}
"""When `keep` last renewed the claim on a database, on this process's monotonic clock."""
_ONE_AT_A_TIME: Final = Lock()


def held(*, tracking: Engine) -> Engine:
    """Claim the tracking database for this Airflow, for as long as the process of this task lives.

    Returns the database. Raises `OtherInstallation` while another Airflow holds it, and `UnableToUseTracking`
    where this machine has another version of the package than the database was brought up to date with.
    """
    if tracking not in _HELD:
        migrate.check(engine=tracking)
    installation_id = _installation_id(tracking=tracking)
    installation.claim(
        engine=tracking,
        installation_id=installation_id,
        name=" on ".join(filter(None, (base_url(), socket.gethostname()))),
    )
    with _ONE_AT_A_TIME:
        if tracking in _HELD:
            return tracking
        _HELD.add(tracking)
    # A create can take longer than a claim lasts.
    Thread(target=_renew_for_ever, args=(tracking, installation_id), daemon=True).start()
    return tracking


def keep(*, tracking: Engine) -> None:
    """Show that this Airflow is alive, at most every few minutes. For triggers: it claims nothing.

    An error here is not reported: the trigger's own work meets it too, and reports it.
    """
    with _ONE_AT_A_TIME:
        now = time.monotonic()
        if tracking in _KEPT and now - _KEPT[tracking] < _RENEW_SECONDS:
            return
        _KEPT[tracking] = now
    try:
        known = Variable.get(VARIABLE, default=None)
        if known:
            installation.renew(engine=tracking, installation_id=known)
    except _HICCUPS as hiccup:
        _log.debug(_UNSEEN, type(hiccup).__name__)


@asynccontextmanager
async def kept(*, tracking: Engine) -> AsyncIterator[None]:
    """Show that this Airflow is alive while a trigger waits in this context."""

    async def stay() -> None:
        while True:
            await asyncio.to_thread(keep, tracking=tracking)
            await asyncio.sleep(_RENEW_SECONDS)

    staying = asyncio.create_task(stay())
    try:
        yield
    finally:
        staying.cancel()


def _installation_id(*, tracking: Engine) -> str:
    known = Variable.get(VARIABLE, default=None)
    if known:
        return str(known)
    with installation.naming(engine=tracking):
        # Airflow also says that there is no Variable when it could not look; the list of names does not.
        if VARIABLE not in _names():
            Variable.set(
                VARIABLE, secrets.token_hex(8), description="Which Airflow this is: never change it."
            )
            # A task on another tracking database may be doing the same right now.
            time.sleep(_SETTLE_SECONDS)
        known = Variable.get(VARIABLE, default=None)
    if not known:
        raise Retryable(_UNREAD)
    return str(known)


def _names() -> list[str]:
    try:
        return list(Variable.keys(prefix=VARIABLE))
    except AirflowRuntimeError:
        raise Retryable(_UNREAD) from None


def _renew_for_ever(tracking: Engine, installation_id: str) -> None:
    while True:
        time.sleep(_RENEW_SECONDS)
        try:
            installation.renew(engine=tracking, installation_id=installation_id)
        except _HICCUPS as hiccup:
            _log.debug(_UNSEEN, type(hiccup).__name__)
