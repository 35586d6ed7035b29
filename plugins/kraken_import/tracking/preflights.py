"""What preflights found, in the tracking database: counts by cause, without any customer's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightCause:
    """Customers with one kind of finding; `severity` is error or warning."""

    severity: str
    code: str
    path: str
    source: str
    """The legacy columns; blank for a record as a whole."""
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """A preflight that was run: how many customers it looked at, and how many have errors or warnings."""

    id: int
    dialect: str
    customers: int
    rejected: int
    warned: int
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPreflight:
    """The same before it is kept, with its causes."""

    dialect: str
    customers: int
    rejected: int
    warned: int
    checked_by: str
    causes: Sequence[PreflightCause]


def keep(*, connection: Connection, found: NewPreflight) -> None:
    """Keep what a preflight found."""
    _SQL.run(
        connection,
        "keep",
        dialect=found.dialect,
        customers=found.customers,
        rejected=found.rejected,
        warned=found.warned,
        checked_by=found.checked_by,
        severities=[cause.severity for cause in found.causes],
        codes=[cause.code for cause in found.causes],
        paths=[cause.path for cause in found.causes],
        sources=[cause.source for cause in found.causes],
        counts=[cause.customers for cause in found.causes],
    )


def latest(*, connection: Connection, dialects: Sequence[str]) -> dict[str, Preflight]:
    """Return the last preflight of each of these dialects; those without one are left out."""
    found = _SQL.all(connection, Preflight, "latest", dialects=list(dialects))
    return {each.dialect: each for each in found}


def causes(*, connection: Connection, preflight_id: int) -> list[PreflightCause]:
    """Return the causes of a preflight: errors before warnings, the most frequent first."""
    return _SQL.all(connection, PreflightCause, "causes", preflight_id=preflight_id)


_SQL = queries(file="preflights")
