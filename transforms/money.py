"""Sums of balances in cents: what the legacy database says, and what the payloads say.

Two ways to one figure, so that neither can repeat the other's mistake: the legacy side is summed by SQL of
its own (`sql/reconcile/<dialect>/balances.sql`), the payload side from the finished documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from transforms.dialect import MoneySource
from transforms.rules.ledgers import cents

_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal(10) ** 13
"""A thousand times what a payload can say; sums of it fit into the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one customer has in one ledger. `entries` counts the amounts that `cents` is the sum of."""

    ledger: str
    currency: str
    entries: int
    cents: int


def payload_balances(*, sources: Iterable[MoneySource], document: Mapping[str, Any]) -> tuple[Balance, ...]:
    """The balances of a finished document, summed by ledger and currency."""
    sums: dict[tuple[str, str], list[int]] = {}
    for source in sources:
        holders = document.get(source.inside, ()) if source.inside else (document,)
        for holder in holders:
            amount = holder.get(source.field)
            if amount is None:
                continue
            ledger = str(holder.get(source.ledger_field, "")) if source.ledger_field else source.ledger
            _add(sums=sums, key=(ledger, source.currency), amount=cents(amount))
    return _balances(sums=sums)


def is_amount(*, value: Any) -> bool:
    """Whether a value of a database is an exact amount, of a size that an account can have."""
    if not isinstance(value, Decimal | int | str) or isinstance(value, bool):
        return False
    try:
        number = Decimal(value)
    except ArithmeticError:
        return False
    return number.is_finite() and -_MOST < number < _MOST


def legacy_balances(*, rows: Iterable[tuple[str, str, str, Any]]) -> dict[str, tuple[Balance, ...]]:
    """Balances by external identifier, from rows (external identifier, ledger, currency, amount)."""
    sums: dict[str, dict[tuple[str, str], list[int]]] = {}
    for identifier, ledger, currency, amount in rows:
        if amount is not None:
            _add(
                sums=sums.setdefault(identifier, {}),
                key=(ledger, currency),
                amount=_whole_cents(amount=Decimal(amount)),
            )
    return {identifier: _balances(sums=found) for identifier, found in sums.items()}


def _whole_cents(*, amount: Decimal) -> int:
    # An amount with a part of a cent rejects its record, so this rounding never meets a payload.
    return int(amount.quantize(_CENT) * 100)


def _add(*, sums: dict[tuple[str, str], list[int]], key: tuple[str, str], amount: int) -> None:
    found = sums.setdefault(key, [0, 0])
    found[0] += 1
    found[1] += amount


def _balances(*, sums: Mapping[tuple[str, str], list[int]]) -> tuple[Balance, ...]:
    return tuple(
        Balance(ledger=ledger, currency=currency, entries=entries, cents=total)
        for (ledger, currency), (entries, total) in sums.items()
    )
