"""Money: what must add up, to the cent. Amounts become whole cents; nothing here is a float."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from transforms.rules.engine import Document, Fault, ObjectRule, Rule

Parts: TypeAlias = Callable[[Document], tuple[int, int] | None]

_SIGNS: Final[Mapping[str, int]] = {"PAYMENT": 1, "CREDIT": 1, "CHARGE": -1, "REPAYMENT": -1}


def cents(amount: str | None) -> int:
    """A decimal text as whole cents; 0 for none."""
    if not amount:
        return 0
    whole, _, fraction = amount.partition(".")
    value = int(whole.lstrip("-")) * 100 + int(f"{fraction:0<2}"[:2])
    return -value if amount.startswith("-") else value


def total(transactions: Iterable[Mapping[str, Any]] | None) -> int:
    """The sum of transactions in cents, as Kraken counts: payments and credits up, the others down."""
    return sum(_SIGNS[entry["type"]] * cents(entry["amount"]) for entry in transactions or ())


def shown(difference: int) -> str:
    """Cents as an amount, for a detail."""
    sign = "-" if difference < 0 else ""
    return f"{sign}{abs(difference) // 100}.{abs(difference) % 100:02}"


def adds_up(path: str, *, code: str, field: str, explanation: str, parts: Parts) -> Rule:
    """Two sums of an object that must be the same: `parts` gives both in cents, or None where neither is."""

    def faults(node: Document) -> Iterator[Fault]:
        both = parts(node)
        if both is not None and both[0] != both[1]:
            yield Fault(field, f"They differ by {shown(both[0] - both[1])}.")

    return ObjectRule(code=code, path=path, explanation=explanation, faults=faults, fields=(field,))


def unique_transaction_ids(path: str, *, lists: tuple[str, ...]) -> Rule:
    """No transaction of an account may have the number of another; `lists` are the places below a ledger."""

    def faults(account: Document) -> Iterator[Fault]:
        seen: set[str] = set()
        for number, ledger in enumerate(account.get("ledgers") or ()):
            for name in lists:
                for index, entry in enumerate(ledger.get(name) or ()):
                    if entry["transaction_id"] in seen:
                        yield Fault(f"ledgers.{number}.{name}.{index}.transaction_id")
                    seen.add(entry["transaction_id"])

    return ObjectRule(
        code="duplicate_transaction_ids",
        path=path,
        explanation="Every transaction of an account needs a number of its own.",
        faults=faults,
        fields=tuple(f"ledgers.{name}.transaction_id" for name in lists),
    )
