"""Money: what must add up, to the cent. Amounts become whole cents; nothing here is a float."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from transforms.rules import dates
from transforms.rules.engine import Document, Fault, ObjectRule, Rule

Parts: TypeAlias = Callable[[Document], tuple[int, int] | None]

_SIGNS: Final[Mapping[str, int]] = {
    "PAYMENT": 1,
    "CREDIT": 1,
    "CHARGE": -1,
    "SUPPLY_CHARGE": -1,
    "REPAYMENT": -1,
}


def cents(amount: str | None) -> int:
    """A decimal text as whole cents; 0 for none."""
    if not amount:
        return 0
    whole, _, fraction = amount.partition(".")
    value = int(whole.lstrip("-")) * 100 + int(f"{fraction:0<2}"[:2])
    return -value if amount.startswith("-") else value


def total(transactions: Iterable[Mapping[str, Any]] | None) -> int:
    """The sum of transactions in cents, as Kraken counts: payments and credits up, the others down.

    Those of a prepay meter are on no statement.
    """
    return sum(
        _SIGNS[entry["type"]] * cents(entry["amount"])
        for entry in transactions or ()
        if not entry.get("to_prepay_meter_serial_number")
    )


def entries(node: Document, place: str) -> Iterator[tuple[str, Document]]:
    """The entries of a list below an object with their paths; dotted where lists are inside lists."""
    name, _, rest = place.partition(".")
    for index, item in enumerate(node.get(name) or ()):
        if rest:
            for path, entry in entries(item, rest):
                yield f"{name}.{index}.{path}", entry
        else:
            yield f"{name}.{index}", item


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


def statement_rules(path: str, *, history: tuple[str, ...], current: tuple[str, ...]) -> tuple[Rule, ...]:
    """What lies before the close of the last statement, and what after it: lists as places below a ledger."""

    def late(ledger: Document) -> Iterator[Fault]:
        closed = ledger.get("last_statement_closing_date")
        for name in history if closed else ():
            for place, entry in entries(ledger, name):
                if entry["transaction_date"] > closed:
                    yield Fault(f"{place}.transaction_date")

    def early(ledger: Document) -> Iterator[Fault]:
        closed = ledger.get("last_statement_closing_date")
        for name in current if closed else ():
            for place, entry in entries(ledger, name):
                if entry["transaction_date"] <= closed:
                    yield Fault(f"{place}.transaction_date")

    return (
        ObjectRule(
            code="historical_statement_transaction_after_last_statement_closing_date",
            path=path,
            explanation="A transaction of the past must not lie after the last statement.",
            faults=late,
            fields=tuple(f"{name}.transaction_date" for name in history),
        ),
        ObjectRule(
            code="current_statement_transaction_before_current_statement_opening_date",
            path=path,
            explanation="A current transaction must lie after the last statement.",
            faults=early,
            fields=tuple(f"{name}.transaction_date" for name in current),
        ),
        dates.ordered(
            path,
            start="last_statement_closing_date",
            end="last_statement_issue_date",
            code="last_statement_issued_before_closing_date",
        ),
    )


def unique_transaction_ids(path: str, *, lists: tuple[str, ...]) -> Rule:
    """No transaction of an account may have the number of another; `lists` are the places below a ledger,
    dotted where lists are inside lists."""

    def faults(account: Document) -> Iterator[Fault]:
        seen: set[str] = set()
        for number, ledger in enumerate(account.get("ledgers") or ()):
            for name in lists:
                for place, entry in entries(ledger, name):
                    if entry["transaction_id"] in seen:
                        yield Fault(f"ledgers.{number}.{place}.transaction_id")
                    seen.add(entry["transaction_id"])

    return ObjectRule(
        code="duplicate_transaction_ids",
        path=path,
        explanation="Every transaction of an account needs a number of its own.",
        faults=faults,
        fields=tuple(f"ledgers.{name}.transaction_id" for name in lists),
    )
