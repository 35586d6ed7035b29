"""People's orders: pause, resume or cancel a wave, or stop everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import SETTLED
from kraken_import.domain.orders import Order
from kraken_import.tracking.queries import queries

Action: TypeAlias = Literal["pause", "resume", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The facts that decide whether an order makes sense."""

    paused_at: datetime | None
    stop_code: str | None
    stop_reason: str | None
    finished_at: datetime | None
    has_unsettled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedRun:
    """A wave, or a rerun (without a name), that an order has stopped."""

    kind: Literal["wave", "rerun"]
    id: int
    name: str | None
    dialect: str
    mode: str


def known_krakens(*, connection: Connection) -> list[tuple[str, str]]:
    """Return (Connection, Kraken) of every wave that was ever planned."""
    rows = _SQL.run(connection, "known_krakens")
    return [(row.connection_id, row.target_kraken) for row in rows]


def stop_all(
    *, connection: Connection, kraken: str | None, order: Order, stop_reason: str
) -> list[StoppedRun]:
    """Stop every wave and rerun under way, of this Connection or Kraken (None: of all), and record the order.

    Waits for intents under way. A wave or rerun that was opened before the order and is not in the result
    may not create either. Returns what was stopped.
    """
    return _SQL.all(
        connection, StoppedRun, "stop_all", **_values(order), kraken=kraken, stop_reason=stop_reason
    )


def lock(*, connection: Connection, wave_id: int) -> Standing:
    """Lock the wave until the transaction ends, so that it does not change and intends no create.

    Returns how it stands.
    """
    row = _SQL.run(connection, "lock", wave_id=wave_id, settled=sorted(SETTLED))
    return Standing(**row.mappings().one())


def carry_out(
    *, connection: Connection, wave_id: int, action: Action, order: Order, stop_reason: str
) -> None:
    """Carry out an order and record it; `stop_reason` is the reason that a cancelled wave shows."""
    _SQL.run(connection, action, wave_id=wave_id, at=order.at, reason=stop_reason)
    _SQL.run(connection, "record", **_values(order), wave_id=wave_id, action=action)


def _values(order: Order) -> dict[str, Any]:
    return {"ordered_by": order.by, "reason": order.reason, "at": order.at}


_SQL = queries(file="control")
