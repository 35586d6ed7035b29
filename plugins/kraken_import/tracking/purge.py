"""Purges the personal data of a wave from the tracking database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg2 import errors
from sqlalchemy import Connection

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, REBUILDABLE, Mode
from kraken_import.domain.orders import Order
from kraken_import.tracking.faults import giving_way
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


_STATEMENTS: Final = (
    "keep_sums",
    "delete_amounts",
    "delete_digests",
    "blank_settled_differences",
    "record",
    "destroy_key",
)


def lock(*, connection: Connection, wave_id: int) -> Standing:
    """Lock a wave until the transaction ends. Returns the facts that decide whether it can be purged."""
    # The states that can be purged are named, so that a state unknown to this version is not among them.
    ended = sorted(ENDED_AT_KRAKEN | REBUILDABLE)
    row = _SQL.run(connection, "lock", wave_id=wave_id, ended=ended).mappings().one()
    return Standing(**{**row, "mode": Mode(row["mode"])})


def purge(*, connection: Connection, wave_id: int, order: Order) -> None:
    """Destroy the wave's key, drop payloads and answers, delete amounts and digests, and close the wave.

    Who ordered it and the sums by state are kept. Raises `UnableToDrop` when the tables cannot be locked
    soon; the caller then rolls everything back.
    """
    # Everything that keeps the personal data of a wave readable goes here, in this transaction.
    values = {"wave_id": wave_id, "ordered_by": order.by, "reason": order.reason, "at": order.at}
    for statement in _STATEMENTS:
        _SQL.run(connection, statement, **values)
    with dropping():
        _SQL.run(connection, "drop_partitions", wave_id=wave_id)


def dropping() -> AbstractContextManager[None]:
    """Return a context that raises `UnableToDrop` where a table cannot be locked soon."""
    return giving_way(to=(errors.LockNotAvailable, errors.DeadlockDetected), raises=UnableToDrop)


def purged_at(*, connection: Connection, wave_id: int) -> datetime | None:
    """Return since when the personal data of a wave is gone; None while it is kept."""
    found: datetime | None = _SQL.run(connection, "purged_at", wave_id=wave_id).scalar_one()
    return found


_SQL = queries(file="purge")
