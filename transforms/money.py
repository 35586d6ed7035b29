"""Exact sums of balances in cents: those of the legacy database, and those of the payloads.

Two ways to one figure, so that neither can repeat the other's mistake: the legacy side is summed by SQL of
its own (`sql/reconcile/<dialect>/balances.sql`), the payload side from the finished documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from transforms.dialect import MoneySource
from transforms.rules.ledgers import amount as amount_of

_LEAST: Final = Decimal("1E-10")
"""The least that a payload can say."""
_MOST: Final = Decimal(10) ** 13
"""A thousand times the largest balance of a payload; sums of it fit into the database."""

_EXACT: Final = (Decimal, int, str)

_Sums: TypeAlias = dict[tuple[str, str], tuple[int, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one customer has in one ledger. `entries` counts the amounts that `cents` is the exact sum of:
    parts of a cent stay."""

    ledger: str
    currency: str
    entries: int
    cents: Decimal


def payload_balances(*, sources: Iterable[MoneySource], document: Mapping[str, Any]) -> tuple[Balance, ...]:
    """The balances of a finished document, summed by ledger and currency."""
    sums: _Sums = {}
    for source in sources:
        holders = document.get(source.inside, ()) if source.inside else (document,)
        for holder in holders:
            amount = holder.get(source.field)
            if amount is None:
                continue
            ledger = str(holder.get(source.ledger_field, "")) if source.ledger_field else source.ledger
            _add(sums=sums, key=(ledger, source.currency), amount=amount_of(amount))
    return _balances(sums=sums)


def written(*, cents: Decimal | int) -> str:
    """Format cents as people write an amount: with two places, or as many as it has."""
    whole, _, fraction = f"{Decimal(cents).scaleb(-2):,f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def is_amount(*, value: Any) -> bool:
    """Whether a value of a database is an exact amount, of a size that an account can have."""
    if not isinstance(value, _EXACT) or isinstance(value, bool):
        return False
    try:
        number = Decimal(value)
    except ArithmeticError:
        return False
    return number.is_finite() and number.copy_abs() < _MOST


def legacy_balances(*, rows: Iterable[tuple[str, str, str, Any]]) -> dict[str, tuple[Balance, ...]]:
    """Balances by external identifier, from rows (external identifier, ledger, currency, amount)."""
    sums: dict[str, _Sums] = {}
    for identifier, ledger, currency, amount in rows:
        if amount is not None:
            _add(
                sums=sums.setdefault(identifier, {}),
                key=(ledger, currency),
                # An amount with more places rejects its record, so this rounding never meets a payload.
                amount=Decimal(amount).quantize(_LEAST),
            )
    return {identifier: _balances(sums=found) for identifier, found in sums.items()}


def _add(*, sums: _Sums, key: tuple[str, str], amount: Decimal) -> None:
    entries, total = sums.get(key, (0, Decimal(0)))
    sums[key] = entries + 1, total + amount


def _balances(*, sums: _Sums) -> tuple[Balance, ...]:
    return tuple(
        Balance(ledger=ledger, currency=currency, entries=entries, cents=_cents(total=total))
        for (ledger, currency), (entries, total) in sums.items()
    )


def _cents(*, total: Decimal) -> Decimal:
    # Whole cents without places, as they are shown; the database keeps the places it is given.
    cents = total.scaleb(2)
    whole = cents.to_integral_value()
    return whole if whole == cents else cents.normalize()
