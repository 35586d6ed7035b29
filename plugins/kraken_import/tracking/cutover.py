"""What a wave leaves behind in the tracking database, with owners; and the end of a wave."""

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
"""What must have an owner before a wave is closed; for each there are `unowned_…` and `own_…` in the SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A customer who is in Kraken, and under which identifier."""

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
    """That something reached the legacy system after a customer was read; never what."""

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
    """What reconciliation found and has not found settled; `wave_id` is None where no wave has it."""

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
class Watched:
    """A customer who is, or may be, in Kraken, and when the legacy database was read for it."""

    id: int
    batch: int
    external_identifier: str
    watermark: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Changes of one kind for one import process."""

    id: int
    kind: str
    changes: int
    first_at: datetime
    last_at: datetime


def crosswalk(*, connection: Connection, wave_id: int) -> list[Migrated]:
    """Who is in Kraken, by external identifier."""
    rows = connection.exec_driver_sql(_SQL["crosswalk"], {"wave_id": wave_id, "succeeded": sorted(SUCCEEDED)})
    return [Migrated(**row) for row in rows.mappings()]


def list_hand_backs(*, connection: Connection, wave_id: int, at: datetime) -> None:
    """List who is not migrated as things stand, keeping owners of what has not changed."""
    values = {
        "wave_id": wave_id,
        "succeeded": sorted(SUCCEEDED),
        "settled": sorted(SETTLED),
        "unproved": sorted(UNPROVED),
        "at": at,
    }
    for statement in ("list_hand_backs", "resolve_hand_backs"):
        connection.exec_driver_sql(_SQL[statement], values)


def hand_backs(*, connection: Connection, wave_id: int) -> list[HandBack]:
    """Who was not migrated when it was last listed, by reason."""
    rows = connection.exec_driver_sql(_SQL["hand_backs"], {"wave_id": wave_id, "unproved": sorted(UNPROVED)})
    return [HandBack(**row) for row in rows.mappings()]


def undecided(*, connection: Connection, wave_id: int) -> list[Undecided]:
    """Who of a wave is neither known to be in Kraken nor known not to be, by what is known."""
    rows = connection.exec_driver_sql(_SQL["undecided"], {"wave_id": wave_id, "unproved": sorted(UNPROVED)})
    return [Undecided(**row) for row in rows.mappings()]


def to_watch(*, connection: Connection, wave_id: int, after: tuple[int, int], most: int) -> list[Watched]:
    """The next customers of a wave who are, or may be, in Kraken.

    They come by ascending batch and id, from beyond those of `after`.
    """
    rows = connection.exec_driver_sql(
        _SQL["to_watch"],
        {
            "wave_id": wave_id,
            "states": sorted(UNPROVED | {State.PROCESSED}),
            "after_batch": after[0],
            "after_id": after[1],
            "most": most,
        },
    )
    return [Watched(**row) for row in rows.mappings()]


def list_late_changes(
    *, connection: Connection, wave_id: int, watched: Sequence[int], changes: Sequence[Change], at: datetime
) -> None:
    """Replace what is known of these customers, keeping owners of what has not changed."""
    connection.exec_driver_sql(
        _SQL["list_late_changes"],
        {
            "wave_id": wave_id,
            "watched": list(watched),
            "ids": [change.id for change in changes],
            "kinds": [change.kind for change in changes],
            "changes": [change.changes for change in changes],
            "first_at": [change.first_at for change in changes],
            "last_at": [change.last_at for change in changes],
            "at": at,
        },
    )


def forget_unwatched(*, connection: Connection, wave_id: int) -> None:
    """Forget late changes of customers who turned out not to be in Kraken: they are handed back."""
    connection.exec_driver_sql(
        _SQL["forget_unwatched"], {"wave_id": wave_id, "states": sorted(UNPROVED | {State.PROCESSED})}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Who sees to leftovers from now on. With `code` those of one code; of late changes and differences, of
    one kind."""

    owner: str
    code: str | None = None
    note: str | None = None
    at: datetime


def late_changes(*, connection: Connection, wave_id: int) -> list[LateChange]:
    """What came too late when it was last listed, by customer."""
    rows = connection.exec_driver_sql(_SQL["late_changes"], {"wave_id": wave_id})
    return [LateChange(**row) for row in rows.mappings()]


def differences(*, connection: Connection, wave_id: int | None, dialect: str | None) -> list[OpenDifference]:
    """Open differences of a wave, or of all waves and of none; of a dialect if one is given."""
    rows = connection.exec_driver_sql(_SQL["differences"], {"wave_id": wave_id, "dialect": dialect})
    return [OpenDifference(**row) for row in rows.mappings()]


def unowned(*, connection: Connection, wave_id: int) -> dict[Leftover, int]:
    """How many leftovers of each kind nobody owns; kinds without any are left out."""
    values = {"wave_id": wave_id, "unproved": sorted(UNPROVED)}
    counts = {
        kind: int(connection.exec_driver_sql(_SQL[f"unowned_{kind}"], values).scalar_one())
        for kind in LEFTOVERS
    }
    return {kind: count for kind, count in counts.items() if count}


def own(
    *,
    connection: Connection,
    wave_id: int,
    kind: Leftover,
    ownership: Ownership,
) -> int:
    """Give the leftovers of a kind that have no owner one. Returns how many."""
    return connection.exec_driver_sql(_SQL[f"own_{kind}"], {"wave_id": wave_id, **asdict(ownership)}).rowcount


def own_without_wave(
    *,
    connection: Connection,
    dialect: str | None,
    ownership: Ownership,
) -> int:
    """Give the differences that no wave has, and no owner, one. Returns how many."""
    return connection.exec_driver_sql(
        _SQL["own_without_wave"],
        {"dialect": dialect, **asdict(ownership)},
    ).rowcount


def lock_wave(*, connection: Connection, wave_id: int) -> bool:
    """Let nobody intend creates in a wave until the commit; whether its run has been summarised."""
    return bool(connection.exec_driver_sql(_SQL["lock_wave"], {"wave_id": wave_id}).one().finished)


def records_in(*, connection: Connection, wave_id: int, states: Collection[State]) -> int:
    """How many records of a wave are in one of these states."""
    values = {"wave_id": wave_id, "states": sorted(states)}
    return int(connection.exec_driver_sql(_SQL["records_in"], values).scalar_one())


def running_reruns(*, connection: Connection, wave_id: int) -> list[int]:
    """Reruns of records of a wave that have not been summarised."""
    return [
        int(rerun)
        for rerun in connection.exec_driver_sql(_SQL["running_reruns"], {"wave_id": wave_id}).scalars()
    ]


def close(*, connection: Connection, wave_id: int, by: str, at: datetime) -> None:
    """Close a wave: nothing is created in it any more."""
    connection.exec_driver_sql(_SQL["close"], {"wave_id": wave_id, "by": by, "at": at})


def open_again(*, connection: Connection, wave_id: int) -> bool:
    """Open a closed wave; whether it was closed."""
    return connection.exec_driver_sql(_SQL["open_again"], {"wave_id": wave_id}).rowcount > 0


_SQL = queries(file="cutover")
