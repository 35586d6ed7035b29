"""What a wave leaves behind in the tracking database, with owners; and closing a wave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import SETTLED, SUCCEEDED, UNPROVED, State
from kraken_import.tracking.queries import queries

Leftover: TypeAlias = Literal["hand_back", "late_change", "difference"]

LEFTOVERS: Final[tuple[Leftover, ...]] = ("hand_back", "late_change", "difference")
"""What must have an owner before a wave is closed; the SQL has `unowned_…` and `own_…` for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A customer who is in Kraken, with the identifier there."""

    external_identifier: str
    import_supplier: str
    kraken_identifier: str | None
    attempt: int
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBack:
    """A customer who was not migrated, with the reason (masked)."""

    external_identifier: str
    state: str
    code: str
    path: str
    reason: str
    attempt: int
    owner: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A customer who may be in Kraken: the import is open there, or it is parked for a reason (masked)."""

    external_identifier: str
    import_supplier: str
    state: str
    code: str
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateChange:
    """A change that reached the legacy system after a customer was read; never its content."""

    external_identifier: str
    kraken_identifier: str | None
    kind: str
    changes: int
    first_at: datetime
    last_at: datetime
    owner: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDifference:
    """A difference that reconciliation found and has not settled; `wave_id` is None where no wave has it."""

    wave_id: int | None
    target_kraken: str
    import_supplier: str
    kind: str
    external_identifier: str | None
    batch: int | None
    ledger: str | None
    currency: str | None
    ours: str
    theirs: str
    cents: Decimal | None
    found_at: datetime
    owner: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCustomer:
    """A customer who is, or may be, in Kraken, and when the legacy database was read for it."""

    id: int
    batch: int
    external_identifier: str
    watermark: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The changes of one kind for one import process."""

    id: int
    kind: str
    changes: int
    first_at: datetime
    last_at: datetime


def crosswalk(*, connection: Connection, wave_id: int) -> list[Migrated]:
    """Return the customers who are in Kraken, by external identifier."""
    return _SQL.all(connection, Migrated, "crosswalk", wave_id=wave_id, succeeded=sorted(SUCCEEDED))


def list_hand_backs(*, connection: Connection, wave_id: int, at: datetime) -> None:
    """List the customers who are not migrated now, keeping the owners of entries that have not changed."""
    values = {
        "wave_id": wave_id,
        "succeeded": sorted(SUCCEEDED),
        "settled": sorted(SETTLED),
        "unproved": sorted(UNPROVED),
        "at": at,
    }
    for statement in ("list_hand_backs", "resolve_hand_backs", "note_hand_backs_listed"):
        _SQL.run(connection, statement, **values)


def hand_backs(*, connection: Connection, wave_id: int) -> list[HandBack]:
    """Return the customers who were not migrated when this was last listed, by reason."""
    return _SQL.all(connection, HandBack, "hand_backs", wave_id=wave_id, unproved=sorted(UNPROVED))


def undecided(*, connection: Connection, wave_id: int) -> list[Undecided]:
    """Return the customers of a wave who may or may not be in Kraken, with what is known of them."""
    return _SQL.all(connection, Undecided, "undecided", wave_id=wave_id, unproved=sorted(UNPROVED))


def to_watch(
    *, connection: Connection, wave_id: int, after: tuple[int, int], most: int
) -> list[WatchedCustomer]:
    """Return the next customers of a wave who are, or may be, in Kraken.

    They come by ascending batch and id, starting after `after`.
    """
    return _SQL.all(
        connection,
        WatchedCustomer,
        "to_watch",
        wave_id=wave_id,
        states=sorted(UNPROVED | {State.PROCESSED}),
        after_batch=after[0],
        after_id=after[1],
        most=most,
    )


def list_late_changes(
    *, connection: Connection, wave_id: int, watched: Sequence[int], changes: Sequence[Change], at: datetime
) -> None:
    """Replace the late changes of these customers, keeping the owners of entries that have not changed."""
    _SQL.run(
        connection,
        "list_late_changes",
        wave_id=wave_id,
        watched=list(watched),
        ids=[change.id for change in changes],
        kinds=[change.kind for change in changes],
        changes=[change.changes for change in changes],
        first_at=[change.first_at for change in changes],
        last_at=[change.last_at for change in changes],
        at=at,
    )


def note_late_changes_listed(*, connection: Connection, wave_id: int, at: datetime) -> None:
    """Record when the late changes of all customers of a wave were listed."""
    _SQL.run(connection, "note_late_changes_listed", wave_id=wave_id, at=at)


def forget_unwatched(*, connection: Connection, wave_id: int) -> None:
    """Delete the late changes of customers who turned out not to be in Kraken: they are handed back."""
    _SQL.run(connection, "forget_unwatched", wave_id=wave_id, states=sorted(UNPROVED | {State.PROCESSED}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Who sees to leftovers from now on. With `code` those of one code; of late changes and differences, of
    one kind."""

    owner: str
    code: str | None = None
    note: str | None = None
    at: datetime


def late_changes(*, connection: Connection, wave_id: int) -> list[LateChange]:
    """Return the changes that came too late when they were last listed, by customer."""
    return _SQL.all(connection, LateChange, "late_changes", wave_id=wave_id)


def differences(*, connection: Connection, wave_id: int | None, dialect: str | None) -> list[OpenDifference]:
    """Return the open differences of a wave, or of all waves and of none; of one dialect if it is given."""
    return _SQL.all(connection, OpenDifference, "differences", wave_id=wave_id, dialect=dialect)


def unowned(*, connection: Connection, wave_id: int) -> dict[Leftover, int]:
    """Count the leftovers of each kind that have no owner; kinds without any are left out."""
    values = {"wave_id": wave_id, "unproved": sorted(UNPROVED)}
    counts = {kind: int(_SQL.run(connection, f"unowned_{kind}", **values).scalar_one()) for kind in LEFTOVERS}
    return {kind: count for kind, count in counts.items() if count}


def own(*, connection: Connection, wave_id: int, kind: Leftover, ownership: Ownership) -> int:
    """Give an owner to the leftovers of a kind that have none. Returns how many there were."""
    return _SQL.run(connection, f"own_{kind}", wave_id=wave_id, **asdict(ownership)).rowcount


def own_without_wave(*, connection: Connection, dialect: str | None, ownership: Ownership) -> int:
    """Give an owner to the differences that neither a wave nor an owner has. Returns how many there were."""
    return _SQL.run(connection, "own_without_wave", dialect=dialect, **asdict(ownership)).rowcount


def lock_wave(*, connection: Connection, wave_id: int) -> bool:
    """Keep creates from being intended in a wave until the commit. Returns whether its run was summarised."""
    return bool(_SQL.run(connection, "lock_wave", wave_id=wave_id).one().finished)


def records_in(*, connection: Connection, wave_id: int, states: Collection[State]) -> int:
    """Count the records of a wave that are in one of these states."""
    values = {"wave_id": wave_id, "states": sorted(states)}
    return int(_SQL.run(connection, "records_in", **values).scalar_one())


def running_reruns(*, connection: Connection, wave_id: int) -> list[int]:
    """Return the reruns of records of a wave that have not been summarised."""
    return [int(rerun) for rerun in _SQL.run(connection, "running_reruns", wave_id=wave_id).scalars()]


def close(*, connection: Connection, wave_id: int, by: str, at: datetime) -> None:
    """Close a wave: no record is created in it any more."""
    _SQL.run(connection, "close", wave_id=wave_id, by=by, at=at)


def open_again(*, connection: Connection, wave_id: int) -> bool:
    """Open a closed wave again. Returns whether it was closed."""
    return _SQL.run(connection, "open_again", wave_id=wave_id).rowcount > 0


_SQL = queries(file="cutover")
