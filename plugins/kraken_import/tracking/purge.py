"""Purges the personal data of a wave from the tracking database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg2 import errors
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, REBUILDABLE, Mode
from kraken_import.domain.orders import Order
from kraken_import.tracking.queries import queries


class UnableToDrop(Exception):
    """Other sessions hold the tables of payloads and answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides whether a wave can be purged. `unended` counts records that may be open at Kraken."""

    mode: Mode
    finished_at: datetime | None
    purged_at: datetime | None
    unended: int


def lock(*, connection: Connection, wave_id: int) -> Standing:
    """Lock a wave until the transaction ends. Returns the facts that decide whether it can be purged."""
    # The states that can be purged are named, so that a state unknown to this version is not among them.
    ended = sorted(state.value for state in ENDED_AT_KRAKEN | REBUILDABLE)
    row = connection.exec_driver_sql(_SQL["lock"], {"wave_id": wave_id, "ended": ended}).mappings().one()
    return Standing(**{**row, "mode": Mode(row["mode"])})


def purge(*, connection: Connection, wave_id: int, order: Order) -> None:
    """Drop payloads and answers, delete amounts and digests, close the wave and record who ordered it.

    The sums by state are kept. Raises `UnableToDrop` when the tables cannot be locked soon; the caller then
    rolls everything back.
    """
    values = {"wave_id": wave_id, "ordered_by": order.by, "reason": order.reason, "at": order.at}
    for statement in ("keep_sums", "delete_amounts", "delete_digests", "blank_settled_differences", "record"):
        connection.exec_driver_sql(_SQL[statement], values)
    try:
        connection.exec_driver_sql(_SQL["drop_partitions"].format(wave_id=int(wave_id)))
    except OperationalError as error:
        if isinstance(error.orig, errors.LockNotAvailable | errors.DeadlockDetected):
            raise UnableToDrop from None
        raise


def purged_at(*, connection: Connection, wave_id: int) -> datetime | None:
    """Return since when the personal data of a wave is gone; None while it is kept."""
    found: datetime | None = connection.exec_driver_sql(_SQL["purged_at"], {"wave_id": wave_id}).scalar_one()
    return found


_SQL = queries(file="purge")
