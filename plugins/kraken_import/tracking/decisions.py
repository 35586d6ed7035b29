"""People's decisions about records that Kraken's answers do not prove, in the tracking database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import OPEN, State
from kraken_import.domain.orders import Order
from kraken_import.tracking.processes import Move, OpenRecord
from kraken_import.tracking.queries import queries

Said: TypeAlias = Literal["there", "absent"]

_UNDECIDED: Final = OPEN | {State.PARKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's decision about the current try of a record."""

    said: Said
    decided_by: str
    decided_at: datetime
    to_state: State
    """The state that the decision has led to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decidable:
    """A record to decide about, and the decision about its current try, if there is one.

    For a record whose create was never intended, `record.intended_at` is the time when it was planned.
    """

    record: OpenRecord
    batch: int
    parked_from: State | None = None
    imported_as: str | None = None
    """Kraken's own identifier, from the answer that it has already imported the record."""
    decision: Decision | None = None

    @property
    def stood(self) -> State:
        """The state of the record, or the state in which it was parked."""
        return self.parked_from or self.record.state

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for Kraken or for a person."""
        return self.record.state in _UNDECIDED

    def was_decided(self, *, said: Said) -> bool:
        """Return whether the same was decided before, and the record is still in the state that resulted."""
        return (
            self.decision is not None
            and self.decision.said == said
            and self.decision.to_state is self.record.state
        )


def find(*, connection: Connection, wave_id: int, identifiers: Sequence[str]) -> list[Decidable]:
    """Return those of these customers that the wave has, by ascending id."""
    rows = _SQL.run(connection, "find", wave_id=wave_id, identifiers=list(identifiers)).mappings()
    return [
        Decidable(
            record=OpenRecord(**{**{name: row[name] for name in _OPEN}, "state": State(row["state"])}),
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
    """Lock these records until the transaction ends. Returns whether none has changed its state."""
    rows = _SQL.run(connection, "hold", ids=[case.record.id for case in cases])
    stands = {row.id: (row.attempt, row.state) for row in rows}
    return stands == {case.record.id: (case.record.attempt, case.record.state) for case in cases}


def put_back(*, connection: Connection, moves: Sequence[Move], at: datetime) -> int:
    """Put parked records back to be created, or validated, again, each with its event.

    What Kraken said of an import that it does not have is withdrawn as well. Returns how many were put back.
    """
    if not moves:
        return 0
    rows = _SQL.run(
        connection,
        "put_back",
        ids=[move.key.id for move in moves],
        attempts=[move.key.attempt for move in moves],
        to_states=[move.to.value for move in moves],
        at=at,
    )
    return len(rows.all())


def record(
    *, connection: Connection, cases: Sequence[Decidable], moves: Sequence[Move], said: Said, order: Order
) -> None:
    """Record who decided what about these records, why, and the states before and after."""
    _SQL.run(
        connection,
        "record",
        ids=[case.record.id for case in cases],
        attempts=[case.record.attempt for case in cases],
        from_states=[case.record.state.value for case in cases],
        to_states=[move.to.value for move in moves],
        said=said,
        decided_by=order.by,
        reason=order.reason,
    )


_OPEN: Final = tuple(each.name for each in fields(OpenRecord))
_SQL = queries(file="decisions")
