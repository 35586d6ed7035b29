"""Balances by record and batch in the tracking database, in cents and fractions of a cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.queries import queries
from transforms.money import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMoney:
    """One customer's balances: in the legacy database, and in the payload (None without a payload)."""

    import_process_id: int
    legacy: Sequence[Balance]
    payload: Sequence[Balance] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMoney:
    """Money of a wave's customers in one state; `built` says whether they have a payload."""

    ledger: str
    currency: str
    state: State
    built: bool
    customers: int
    legacy_cents: Decimal
    payload_cents: Decimal


def record(*, connection: Connection, wave_id: int, batch: int, money: Sequence[RecordMoney]) -> None:
    """Keep the balances of these records in place of those of an earlier build, and sum the batch again."""
    rows = [
        (record.import_process_id, *key, *sides)
        for record in money
        for key, sides in _joined(record=record).items()
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 7
    names = (
        "ids",
        "ledgers",
        "currencies",
        "legacy_entries",
        "legacy_cents",
        "payload_entries",
        "payload_cents",
    )
    scope = {"wave_id": wave_id, "batch": batch}
    _SQL.run(
        connection,
        "replace_records",
        **scope,
        built=[record.import_process_id for record in money],
        **{name: list(column) for name, column in zip(names, columns, strict=True)},
    )
    for statement in ("clear_batch", "sum_batch"):
        _SQL.run(connection, statement, **scope)


def take_over(*, connection: Connection, wave_id: int, at: datetime) -> None:
    """Record the balances of customers that this wave took over as handed on by the waves that built them."""
    _SQL.run(connection, "take_over", wave_id=wave_id, at=at)


def handed_on(*, connection: Connection, wave_id: int) -> dict[tuple[str, str], Decimal]:
    """Return the legacy balances of customers that a wave handed on: cents by ledger and currency."""
    rows = _SQL.run(connection, "handed_on", wave_id=wave_id)
    return {(row.ledger, row.currency): row.cents for row in rows}


def by_fate(*, connection: Connection, wave_id: int) -> list[StateMoney]:
    """Return what became of the money of a wave."""
    rows = _SQL.run(connection, "by_fate", wave_id=wave_id).mappings()
    return [StateMoney(**{**row, "state": State(row["state"])}) for row in rows]


def _joined(
    *, record: RecordMoney
) -> Mapping[tuple[str, str], tuple[int, Decimal, int | None, Decimal | None]]:
    """Join both sides by ledger and currency: legacy entries and cents, then those of the payload."""
    legacy = {(side.ledger, side.currency): (side.entries, side.cents) for side in record.legacy}
    if record.payload is None:
        return {key: (*side, None, None) for key, side in legacy.items()}
    payload = {(side.ledger, side.currency): (side.entries, side.cents) for side in record.payload}
    return {
        key: (*legacy.get(key, _NONE), *payload.get(key, _NONE)) for key in dict.fromkeys((*legacy, *payload))
    }


_NONE: Final = (0, Decimal(0))
_SQL = queries(file="money")
