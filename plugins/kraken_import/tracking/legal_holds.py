"""Legal holds: waves and customers of which nothing may be purged or erased."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg2 import errors
from sqlalchemy import Connection

from kraken_import.tracking.faults import giving_way
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold in force, on a wave or on a customer: who asked for it, when and why."""

    id: int
    wave_id: int | None
    wave_name: str | None
    external_identifier: str | None
    reason: str
    held_by: str
    held_at: datetime


class TakingUnderWay(Exception):
    """A purge, retention or an erasure is at work, and does not end soon."""


def lock(*, connection: Connection) -> None:
    """Await the end of all that purges, deletes or erases, and keep it waiting. Raises `TakingUnderWay`."""
    with giving_way(to=(errors.LockNotAvailable,), raises=TakingUnderWay):
        _SQL.run(connection, "lock")


def keep_waiting(*, connection: Connection) -> None:
    """Keep new holds waiting until the transaction ends, before asking for those in force."""
    _SQL.run(connection, "keep_waiting")


def is_known(*, connection: Connection, external_identifier: str) -> bool:
    """Return whether a wave or a cohort has a customer with this identifier."""
    found = _SQL.run(connection, "is_known", external_identifier=external_identifier)
    return bool(found.scalar_one())


def add(
    *, connection: Connection, wave_id: int | None, external_identifier: str | None, by: str, reason: str
) -> int | None:
    """Hold a wave or a customer. Returns the hold's number; None where one is in force already."""
    found = _SQL.run(
        connection,
        "add",
        wave_id=wave_id,
        external_identifier=external_identifier,
        by=by,
        reason=reason,
    ).scalar()
    return None if found is None else int(found)


def in_force(*, connection: Connection) -> list[LegalHold]:
    """Return the holds in force, the oldest first."""
    return _SQL.all(connection, LegalHold, "in_force")


def end(*, connection: Connection, number: int, by: str, reason: str) -> bool:
    """End a hold. Returns whether it was in force."""
    return bool(_SQL.run(connection, "end", id=number, by=by, reason=reason).scalar_one())


def of_wave(*, connection: Connection, wave_id: int) -> list[int]:
    """Return the holds on a wave, and on customers in it, by number."""
    return [int(number) for number in _SQL.run(connection, "of_wave", wave_id=wave_id).scalars()]


def of_customer(*, connection: Connection, external_identifier: str, ids: Collection[int]) -> list[int]:
    """Return the holds on a customer with these import processes, and on their waves, by number."""
    found = _SQL.run(connection, "of_customer", external_identifier=external_identifier, ids=list(ids))
    return [int(number) for number in found.scalars()]


_SQL = queries(file="legal_holds")
