"""What people say of records that Kraken's answers do not prove, in the tracking database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import OPEN, State
from kraken_import.domain.orders import Order
from kraken_import.tracking.processes import Move, Open
from kraken_import.tracking.queries import queries

Said: TypeAlias = Literal["there", "absent"]

_UNDECIDED: Final = OPEN | {State.PARKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person has said of the present try of a record."""

    said: Said
    decided_by: str
    decided_at: datetime
    to_state: State
    """Where that has put it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decidable:
    """A record that was asked to be decided on, and what was decided on its present try, if anything.

    Of one that no create was ever intended for, `record.intended_at` is the time at which it was planned.
    """

    record: Open
    batch: int
    parked_from: State | None = None
    imported_as: str | None = None
    """Kraken's own identifier, given with the answer that it has imported the record already."""
    decision: Decision | None = None

    @property
    def stood(self) -> State:
        """Where it stands, or stood when it was parked."""
        return self.parked_from or self.record.state

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for Kraken or for a person."""
        return self.record.state in _UNDECIDED

    def was_decided(self, *, said: Said) -> bool:
        """Whether the same was said of it before, and it stands where that has put it."""
        return (
            self.decision is not None
            and self.decision.said == said
            and self.decision.to_state is self.record.state
        )


def find(*, connection: Connection, wave_id: int, identifiers: Sequence[str]) -> list[Decidable]:
    """Those of these customers that the wave has, by ascending id."""
    rows = connection.exec_driver_sql(
        _SQL["find"], {"wave_id": wave_id, "identifiers": list(identifiers)}
    ).mappings()
    return [
        Decidable(
            record=Open(**{**{name: row[name] for name in _OPEN}, "state": State(row["state"])}),
            batch=row["batch"],
            parked_from=None if row["parked_from"] is None else State(row["parked_from"]),
            imported_as=row["imported_as"],
            decision=None
            if row["said"] is None
            else Decision(
                said=row["said"],
                decided_by=row["decided_by"],
                decided_at=row["decided_at"],
                to_state=State(row["to_state"]),
            ),
        )
        for row in rows
    ]


def hold(*, connection: Connection, cases: Sequence[Decidable]) -> bool:
    """Hold these records until the transaction ends; whether each still stands where it was found."""
    rows = connection.exec_driver_sql(_SQL["hold"], {"ids": [case.record.id for case in cases]})
    stands = {row.id: (row.attempt, row.state) for row in rows}
    return stands == {case.record.id: (case.record.attempt, case.record.state) for case in cases}


def put_back(*, connection: Connection, moves: Sequence[Move], at: datetime) -> int:
    """Free parked records to be created, or validated, again, each with its event; how many were.

    What Kraken said of an import that it does not have is taken back with it.
    """
    if not moves:
        return 0
    rows = connection.exec_driver_sql(
        _SQL["put_back"],
        {
            "ids": [move.key.id for move in moves],
            "attempts": [move.key.attempt for move in moves],
            "to_states": [move.to.value for move in moves],
            "at": at,
        },
    )
    return len(rows.all())


def record(
    *,
    connection: Connection,
    cases: Sequence[Decidable],
    moves: Sequence[Move],
    said: Said,
    order: Order,
) -> None:
    """Keep who said what of these records, and why, and from where to where they went for it."""
    connection.exec_driver_sql(
        _SQL["record"],
        {
            "ids": [case.record.id for case in cases],
            "attempts": [case.record.attempt for case in cases],
            "from_states": [case.record.state.value for case in cases],
            "to_states": [move.to.value for move in moves],
            "said": said,
            "decided_by": order.by,
            "reason": order.reason,
        },
    )


_OPEN: Final = tuple(each.name for each in fields(Open))
_SQL = queries(file="decisions")
