"""The erasure of one customer in the tracking database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg2 import errors
from sqlalchemy import Connection

from kraken_import.domain.lifecycle import SETTLED, UNDONE, State
from kraken_import.tracking.faults import giving_way
from kraken_import.tracking.queries import queries


class PlanUnderWay(Exception):
    """A plan or a cohort is being written, and may take the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom an erasure is about."""

    import_supplier: str
    external_identifier: str

    @property
    def values(self) -> dict[str, Any]:
        """Return it as parameters of a statement."""
        return {"import_supplier": self.import_supplier, "external_identifier": self.external_identifier}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """A record, and what decides whether it can be erased.

    `is_over`: nothing more happens to it by itself. `runs`: the run of its wave has not ended; `rerun` is one
    that has selected it and has not ended. `is_held_there`: the legacy system waits to be told to let it go.
    """

    id: int
    wave_id: int
    wave_name: str
    state: State
    is_over: bool
    runs: bool
    rerun: int | None
    is_held_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What stands, or would stand, in place of an identifier, and whether it does."""

    token: str
    is_done: bool


def may_erase(*, connection: Connection) -> bool:
    """Return whether the user of a connection may erase: only the owner of the schema may."""
    return bool(_SQL.run(connection, "may_erase").scalar_one())


def lock(*, connection: Connection) -> None:
    """Keep plans, cohorts and new holds waiting until the transaction ends. Raises `PlanUnderWay`."""
    with giving_way(to=(errors.LockNotAvailable,), raises=PlanUnderWay):
        _SQL.run(connection, "lock")


def suppliers(*, connection: Connection, external_identifier: str) -> list[str]:
    """Return the import suppliers of which a customer with this identifier is known, or was erased."""
    rows = _SQL.run(connection, "suppliers", external_identifier=external_identifier)
    return [str(supplier) for supplier in rows.scalars()]


def records(*, connection: Connection, customer: Customer) -> list[Erasable]:
    """Lock the records of a customer until the transaction ends. Returns what decides about each."""
    # The states are named, so that a state unknown to this version is not among them.
    rows = _SQL.run(
        connection,
        "records",
        **customer.values,
        settled=sorted(SETTLED),
        undone=sorted(UNDONE),
    ).mappings()
    return [Erasable(**{**row, "state": State(row["state"])}) for row in rows]


def kraken_identifiers(*, connection: Connection, customer: Customer) -> list[str]:
    """Return the identifiers by which Kraken knows a customer."""
    return [str(found) for found in _SQL.run(connection, "kraken_identifiers", **customer.values).scalars()]


def token(*, connection: Connection, customer: Customer) -> Token:
    """Return the token of a customer."""
    return Token(**_SQL.run(connection, "token", **customer.values).mappings().one())


def erase(*, connection: Connection, customer: Customer, by: str, reason: str) -> None:
    """Erase what there is of a customer who has no open record, and record who ordered it and why."""
    _SQL.run(connection, "erase", **customer.values, by=by, reason=reason)


_SQL = queries(file="erasure")
