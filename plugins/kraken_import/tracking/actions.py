"""What people ordered in the console: a row for each order, made before it is carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Engine

from kraken_import.tracking.queries import queries

Outcome: TypeAlias = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """An order as a person gave it. `scope` says what it is about, without identifiers."""

    id: UUID
    kind: str
    scope: str
    reason: str
    ordered_by: str
    dialect: str | None = None
    wave_id: int | None = None
    selection_id: int | None = None
    records: int | None = None
    dag_id: str | None = None
    run_id: str | None = None
    asked_for: Mapping[str, str] = field(default_factory=dict)
    """What its address said: with it the same can be ordered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(NewAction):
    """An order, and what came of it: `outcome` is None while it is not known."""

    ordered_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    result: str | None


def begin(*, connection: Connection, action: NewAction) -> bool:
    """Record an order. Returns False where its button was pressed before: then nothing is to be done."""
    values = asdict(action) | {"id": str(action.id), "asked_for": json.dumps(dict(action.asked_for))}
    return _SQL.run(connection, "begin", **values).one_or_none() is not None


@contextmanager
def taken(*, engine: Engine, action: NewAction) -> Iterator[bool]:
    """Record an order, and hold it while this process carries it out, so that others see when that is gone.

    Gives False where its button was pressed before: whoever was first holds it, and nothing is to be done. It
    takes a connection beside those of the pool, which the work on the order needs itself.
    """
    with engine.connect() as connection:
        connection.detach()
        # Together, so that no look finds an order that is not held yet.
        with connection.begin():
            is_first = begin(connection=connection, action=action)
            if is_first:
                _SQL.run(connection, "hold", id=str(action.id))
        yield is_first


def is_held(*, connection: Connection, action_id: UUID) -> bool:
    """Return whether a process is at work on an order."""
    return bool(_SQL.run(connection, "is_held", id=str(action_id)).scalar_one())


def link(
    *,
    connection: Connection,
    action_id: UUID,
    selection_id: int | None = None,
    dag_id: str | None = None,
    run_id: str | None = None,
) -> None:
    """Record which records an order is about, and which run carries it out."""
    _SQL.run(
        connection,
        "link",
        id=str(action_id),
        selection_id=selection_id,
        dag_id=dag_id,
        run_id=run_id,
    )


def end(*, connection: Connection, action_id: UUID, outcome: Outcome, result: str) -> None:
    """Record what came of an order."""
    _SQL.run(connection, "end", id=str(action_id), outcome=outcome, result=result)


def find(*, connection: Connection, action_id: UUID) -> Action | None:
    """Return an order; None where there is none of this id."""
    return _SQL.one(connection, Action, "find", id=str(action_id))


def latest(
    *, connection: Connection, dialects: Sequence[str], most: int, wave_id: int | None = None
) -> list[Action]:
    """Return the newest orders, the newest first: of a wave, or of all waves of these dialects."""
    return _SQL.all(connection, Action, "latest", dialects=list(dialects), wave_id=wave_id, most=most)


_SQL = queries(file="actions")
