"""After the tracking database was restored from a copy: creates wait for a look-up until all is compared.

What the copy does not know may be in Kraken, and Kraken creates again what it has ended in error. So each
create is preceded by a look-up, also of what the copy never knew, until a full reconciliation is clean. Of an
import supplier of which the copy has no wave that proves nothing, so there it goes on until one is compared.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.client.answers import Misrouted
from kraken_import.client.session import KrakenSession
from kraken_import.domain.orders import Order
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import restored
from kraken_import.tracking.restored import Restored
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.calling import stop
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import HoldBack

_RECONCILE: Final = "kraken-migrate reconcile --full --wait"

_NO_SUCH_METHOD: Final = (405, 410, 501)
"""HTTP statuses of an address that answers no question about a status."""


def say_restored(*, tracking: Engine, order: Order) -> str:
    """Have each create wait for a look-up from now on. Returns one sentence on what that means.

    Raises `BadRequest` without a reason.
    """
    if order.reason is None:
        raise BadRequest("Say by --reason which copy was restored, and why: it is kept for those who ask.")
    with tracking.begin() as connection:
        restored.say(connection=connection, by=order.by, reason=order.reason)
    return (
        "From now on each create waits for a look-up, and what Kraken knows is taken as created: unpause the "
        f"DAGs, run `{_RECONCILE}`, settle what differs, and end this with `kraken-migrate restored --over`."
    )


def end_restored(*, tracking: Engine, order: Order, unlisted: str | None) -> str:
    """Let creates go on without a look-up, once everything is proved. Returns one sentence.

    It does so for the import suppliers that have live waves; a later call does it for those that came since.
    `unlisted` is what Kraken's support said of imports that no listing shows. Raises `BadRequest`, which says
    what is not proved yet.
    """
    vouched = (unlisted or "").strip() or None
    with tracking.begin() as connection:
        found = restored.unproved(connection=connection)
        if found is None or (found.is_over and not found.wave_ids):
            raise BadRequest("No restore is in force: creates go on without a look-up already.")
        obstacle = _obstacle(found=found, unlisted=vouched)
        if obstacle is not None:
            raise BadRequest(f"The restore stays in force: {obstacle}.")
        restored.end(connection=connection, wave_ids=found.wave_ids, by=order.by, unlisted=vouched)
    return (
        f"The restore is over: {len(found.wave_ids):,} live waves are as Kraken has them, and creates of "
        "their import suppliers go on as usual; those of any other still wait for a look-up."
    )


def restored_sentence(*, connection: Connection, wave_id: int | None = None) -> str | None:
    """Return since when, by whom and why creates of a wave, or any, wait for a look-up; None: they do not."""
    found = restored.in_force(connection=connection, wave_id=wave_id)
    return None if found is None else in_words(found=found)


def in_words(*, found: Restored) -> str:
    """Say who restored the database, when and why, and what that means."""
    which = "each create" if found.over_at is None else "each create of an import supplier not compared since"
    return (
        f"Restored at {in_utc(at=found.restored_at)} by {found.restored_by}, because: "
        f"{found.reason.rstrip('.')}; {which} waits for a look-up until `kraken-migrate restored --over`."
    )


async def hold_back_restored(
    *, systems: Systems, connection: Connection, session: KrakenSession, wave: Wave
) -> HoldBack | None:
    """Return why creates of a batch wait after a restore; None where they may go on.

    Raises `SystemicFault` where Kraken cannot be asked for the status of a record, so that none can be looked
    up before it is created.
    """
    found = await asyncio.to_thread(_in_force, connection, wave)
    if found is None:
        return None
    seconds = (found.restored_at + settled_after(systems=systems) - systems.clock()).total_seconds()
    if seconds > 0:
        return HoldBack(
            why="doubt",
            seconds=seconds,
            sentence=(
                f"The tracking database was restored: in {seconds:.0f} s all that was sent before is "
                "visible, and creates go on."
            ),
        )
    probe = await session.probe(resource=wave.resource, import_supplier=wave.import_supplier)
    if isinstance(probe.answer, Misrouted) or probe.http_status in _NO_SUCH_METHOD:
        fault = _without_look_up(wave=wave)
        raise await asyncio.to_thread(
            partial(stop, tracking=systems.tracking, wave=wave, fault=fault, now=systems.clock())
        )
    return None


def _without_look_up(*, wave: Wave) -> SystemicFault:
    return SystemicFault(
        code=StopCode.MISROUTED,
        reason=(
            f"The tracking database was restored, and {wave.target_kraken} answers no look-up of "
            f"{wave.resource}, so nothing can be created safely: have its status endpoint answer, then clear "
            "the run in Airflow."
        ),
    )


def _in_force(connection: Connection, wave: Wave) -> Restored | None:
    with connection.begin():
        return restored.in_force(connection=connection, wave_id=wave.id)


def settled_after(*, systems: Systems) -> timedelta:
    """Return after how long a look-up shows all that other workers had sent, or were sending."""
    return systems.window + systems.longest_request + systems.window


def _obstacle(*, found: restored.Unproved, unlisted: str | None) -> str | None:
    waves = len(found.wave_ids)
    if waves == 0 or found.not_compared:
        return (
            f"{found.not_compared:,} of {waves:,} live waves were not reconciled in full since all that was "
            f"sent before it is visible, a few minutes after it, so run `{_RECONCILE}` for each Kraken"
        )
    if found.differences:
        return (
            f"{found.differences:,} differences are open, so settle them (`kraken-migrate differences`) and "
            f"run `{_RECONCILE}` again"
        )
    if found.not_listed and unlisted is None:
        return (
            f"Kraken has shown no listing of {found.not_listed:,} import suppliers since, so have Kraken's "
            "support name the imports that are not known here, and say by --unlisted what they said"
        )
    return None
